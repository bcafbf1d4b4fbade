package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/stateward/stateward/policies/engine"
)

// Since is what an earlier audit is compared with.
type Since struct {
	Time     string `json:"time"`
	findings []Finding
}

// ReadSince reads the JSON report of an earlier audit.
func ReadSince(text []byte) (*Since, error) {
	var earlier struct {
		Schema   string    `json:"schema"`
		Time     string    `json:"time"`
		Findings []Finding `json:"findings"`
	}
	if err := json.Unmarshal(text, &earlier); err != nil {
		// The text of the error would have a type of Go.
		if _, isOther := errors.AsType[*json.UnmarshalTypeError](err); isOther {
			return nil, errNoReport
		}
		return nil, fmt.Errorf("it is not the JSON report of an audit: %w", err)
	}
	switch earlier.Schema {
	case Schema:
		return &Since{Time: earlier.Time, findings: earlier.Findings}, nil
	case "":
		return nil, errNoReport
	default:
		return nil, fmt.Errorf("its schema is %s, and this version reads %s", earlier.Schema, Schema)
	}
}

var errNoReport = errors.New("it is not the JSON report of an audit: write one with `stateward audit -o json=FILE`")

// key is what stays the same of a finding while its wording changes, as the age of a pod does.
type key struct{ rule, kind, namespace, name, field string }

func keyOf(finding Finding) key {
	return key{finding.Rule, finding.Object.Kind, finding.Object.Namespace, finding.Object.Name, finding.Field}
}

// compare marks findings as new or still there, returns those that are gone, and counts those about which nothing is known: what was not
// judged again is not gone.
func (s *Since) compare(findings []Finding, isComparable func(engine.Finding) bool) (gone []Finding, unknown int) {
	if s == nil {
		return nil, 0
	}
	left := map[key]int{}
	for _, each := range s.findings {
		left[keyOf(each)]++
	}
	for index := range findings {
		each := &findings[index]
		each.Since = sinceNew
		if left[keyOf(*each)] > 0 {
			left[keyOf(*each)]--
			each.Since = sinceStill
		}
	}
	for _, each := range slices.Backward(s.findings) {
		if left[keyOf(each)] > 0 {
			left[keyOf(each)]--
			if isComparable != nil && !isComparable(each.Finding) {
				unknown++
				continue
			}
			each.Since = sinceGone
			gone = append(gone, each)
		}
	}
	slices.Reverse(gone)
	return gone, unknown
}

// What became of a finding since an earlier audit.
const (
	sinceNew   = "new"
	sinceGone  = "gone"
	sinceStill = "still"
)
