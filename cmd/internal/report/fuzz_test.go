package report_test

import (
	"testing"

	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// FuzzFormatsAreWellFormed puts any text wherever a manifest, a rule or an exception may put one.
func FuzzFormatsAreWellFormed(f *testing.F) {
	for _, result := range results() {
		for _, finding := range result.Findings {
			f.Add(finding.Object.Kind, finding.Object.Namespace, finding.Object.Name, finding.Position.File, finding.Message,
				finding.Source, finding.Position.Line, finding.Position.Column, uint8(len(finding.Message)))
		}
	}
	checks := wellFormed(f)
	f.Fuzz(func(t *testing.T, kind, namespace, name, file, message, source string, line, column int, choice uint8) {
		result := anyResult(engine.ObjectReference{Kind: kind, Namespace: namespace, Name: name}, message, source,
			report.Position{File: file, Line: max(line, 0), Column: max(column, 0)}, choice)
		for _, format := range report.Formats() {
			page := render(t, format, options(), result)
			if err := checks[format](page, result); err != nil {
				t.Errorf("%s: %v:\n%s", format, err, page)
			}
		}
	})
}

// anyResult takes its choices from the bits of a number.
func anyResult(object engine.ObjectReference, message, source string, position report.Position, choice uint8) report.Result {
	finding := found([]policies.Level{policies.Deny, policies.Warn, policies.Audit, policies.Deny}[choice&3], object, position, source)
	finding.Rule, finding.Field, finding.What = message, source, message
	if choice&4 != 0 {
		finding.Fix, finding.Message = source, message+" Fix: "+source
	}
	if choice&8 != 0 {
		finding.Exception = &engine.ExceptionUse{Reason: message, Owner: source, Expires: object.Name}
	}
	result := evaluated(object, position, finding, finding)
	result.Undecided = []engine.Undecided{{Rule: message, Resource: source}}
	outcome := []report.Outcome{report.Evaluated, report.Skipped, report.Failed, report.Evaluated}[choice>>4&3]
	result.Documents = append(result.Documents, report.Document{ObjectReference: object, Position: position, Outcome: outcome, Error: message})
	return result
}
