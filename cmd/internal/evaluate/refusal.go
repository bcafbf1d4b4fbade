package evaluate

import (
	"fmt"
	"strings"

	"github.com/stateward/stateward/cmd/internal/apirules"
	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/parallel"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/fieldpath"
)

// Rules whose findings a check can tell without Rego: what an API server refuses before any rule sees the object.
const (
	fieldTypes = "field-types"
	apiVersion = "api-version"
	apiServer  = "api-server"
	sameObject = "same-object"
	// hpaReplicas is about what rules do not look up: autoscalers are no resource of theirs.
	hpaReplicas = "hpa-replicas"
)

// refused returns what an API server answers to a document that it does not even read; nothing for all others.
func refused(document manifest.Document) []engine.Finding {
	if document.IsAdmissionReview() {
		return nil
	}
	if what, fix := unserved(document); what != "" {
		return []engine.Finding{denied(apiVersion, []any{"apiVersion"}, what, fix)}
	}
	if what, fix := misspelt(document); what != "" {
		return []engine.Finding{denied(apiVersion, []any{"kind"}, what, fix)}
	}
	if _, known := policies.ResourceOfKind(policies.GroupOf(document.APIVersion), document.Kind); !known {
		return nil
	}
	if path, err := document.Refusal(); err != nil {
		return []engine.Finding{denied(fieldTypes, path, err.Error(), "write the value as the API reference has it")}
	}
	return nil
}

// refusalsOf returns what refused says of each document.
func refusalsOf(documents []manifest.Document) [][]engine.Finding {
	refusals := make([][]engine.Finding, len(documents))
	parallel.ForEach(len(documents), func(index int) { refusals[index] = refused(documents[index]) })
	return refusals
}

// invalid returns what an API server refuses of a document that it can read.
func invalid(document manifest.Document) (findings []engine.Finding) {
	for _, each := range document.Invalid() {
		findings = append(findings, denied(apiServer, fieldpath.Parse(each.Field), apirules.Told(each), "write what the API reference allows"))
	}
	return findings
}

// told returns the findings about a document that need no rule.
func told(document manifest.Document) []engine.Finding {
	return append(refused(document), invalid(document)...)
}

// IsRefused reports a document that an API server refuses: what it says of it has a place in the document.
func IsRefused(document manifest.Document) bool { return len(told(document)) > 0 }

// set gives findings the action that is set for their rule, and leaves out those that are off.
func (o Options) set(told []engine.Finding) (rest []engine.Finding) {
	for _, each := range told {
		if o.Action != nil {
			if level, found := o.Action(each.Rule); found {
				each.Level = level
			}
		}
		if each.Level != policies.Off {
			rest = append(rest, each)
		}
	}
	return rest
}

// denied is a finding without an object.
func denied(rule string, path []any, what, fix string) engine.Finding {
	return findingOf(rule, policies.Deny, path, what, fix)
}

func findingOf(rule string, level policies.Level, path []any, what, fix string) engine.Finding {
	finding := engine.Finding{Rule: rule, Level: level, Path: path, Field: field(path), What: what, Fix: fix + "."}
	place := finding.Field
	if place != "" {
		place += ": "
	}
	finding.Message = fmt.Sprintf("[%s] %s%s. Fix: %s", rule, place, what, finding.Fix)
	return finding
}

// field writes a path as people do.
func field(path []any) string {
	var text strings.Builder
	for _, step := range path {
		switch step := step.(type) {
		case string:
			if text.Len() > 0 {
				text.WriteByte('.')
			}
			text.WriteString(step)
		default:
			fmt.Fprintf(&text, "[%v]", step)
		}
	}
	return text.String()
}
