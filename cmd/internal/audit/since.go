package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
		return nil, fmt.Errorf("it is not the JSON report of an audit: %w", err)
	}
	switch earlier.Schema {
	case Schema:
		return &Since{Time: earlier.Time, findings: earlier.Findings}, nil
	case "":
		return nil, errors.New("it is not the JSON report of an audit: write one with `stateward audit -o json=FILE`")
	default:
		return nil, fmt.Errorf("its schema is %s, and this version reads %s", earlier.Schema, Schema)
	}
}

// key is what stays the same of a finding while its wording changes, as the age of a pod does.
type key struct{ rule, kind, namespace, name, field string }

func keyOf(finding Finding) key {
	return key{finding.Rule, finding.Object.Kind, finding.Object.Namespace, finding.Object.Name, finding.Field}
}

// compare marks findings as new or still there, and returns those that are gone.
func (s *Since) compare(findings []Finding) (gone []Finding) {
	if s == nil {
		return nil
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
			each.Since = sinceGone
			gone = append(gone, each)
		}
	}
	slices.Reverse(gone)
	return gone
}

// What became of a finding since an earlier audit.
const (
	sinceNew   = "new"
	sinceGone  = "gone"
	sinceStill = "still"
)
