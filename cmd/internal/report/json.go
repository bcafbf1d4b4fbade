package report

import (
	"io"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// jsonVersion of the shape that json.schema.json describes; it changes when a field is removed or means something else.
const jsonVersion = 1

// jsonFormat is for programs.
type jsonFormat struct{}

// jsonReport is the shape of the JSON report; json.schema.json documents it.
type jsonReport struct {
	Version   int                `json:"version"`
	Summary   jsonSummary        `json:"summary"`
	Findings  []jsonFinding      `json:"findings"`
	Undecided []engine.Undecided `json:"undecided,omitempty"`
	Failed    []jsonFailure      `json:"failed,omitempty"`
	// Unreadable is what could not be read, Warnings what is wrong with input that no rule reads.
	Unreadable []jsonProblem `json:"unreadable,omitempty"`
	Warnings   []jsonProblem `json:"warnings,omitempty"`
	LeftOut    []LeftOut     `json:"leftOut,omitempty"`
}

type jsonProblem struct {
	Position
	Error string `json:"error"`
}

type jsonSummary struct {
	Documents  int            `json:"documents"`
	Judged     int            `json:"judged"`
	Skipped    map[string]int `json:"skippedByKind,omitempty"`
	Failed     int            `json:"failed"`
	Unreadable int            `json:"unreadable"`
	Denied     int            `json:"denied"`
	Warned     int            `json:"warned"`
	Exceptions int            `json:"exceptionsUsed"`
	Ignored    int            `json:"ignored"`
	Changes    *Changes       `json:"changes,omitempty"`
}

type jsonFinding struct {
	Position
	engine.Finding

	Ignored *Ignored `json:"ignored,omitempty"`
}

type jsonFailure struct {
	Position
	Object engine.ObjectReference `json:"object"`
	Error  string                 `json:"error"`
}

func newJSON(Options) Renderer { return jsonFormat{} }

// Render writes the result.
func (jsonFormat) Render(out io.Writer, result Result) error {
	page := jsonReport{
		Version: jsonVersion,
		Summary: jsonSummary{
			Documents: len(result.Documents), Judged: result.outcomes(Evaluated), Skipped: result.skipped(), Failed: result.outcomes(Failed),
			Denied: result.count(policies.Deny), Warned: result.count(policies.Warn), Exceptions: result.exceptions(),
			Ignored: result.ignored(), Changes: result.Changes, Unreadable: result.Unreadable(),
		},
		LeftOut:   result.LeftOut,
		Findings:  []jsonFinding{},
		Undecided: result.Undecided,
	}
	for _, finding := range result.Findings {
		if finding.Path == nil {
			finding.Path = []any{}
		}
		page.Findings = append(page.Findings, jsonFinding{Position: finding.Position, Finding: finding.Finding, Ignored: finding.Ignored})
	}
	for _, document := range result.Documents {
		if document.Outcome == Failed {
			page.Failed = append(page.Failed, jsonFailure{Position: document.Position, Object: document.ObjectReference, Error: document.Error})
		}
	}
	for _, problem := range result.Problems {
		one := jsonProblem{Position: problem.Position, Error: problem.Message}
		if problem.Unreadable {
			page.Unreadable = append(page.Unreadable, one)
		} else {
			page.Warnings = append(page.Warnings, one)
		}
	}
	return WriteJSON(out, page)
}

// CatalogueJSON writes the rules as JSON.
func CatalogueJSON(out io.Writer, rules []policies.Rule) error { return WriteJSON(out, rules) }
