package report

import (
	"encoding/json"
	"io"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// jsonFormat is for programs.
type jsonFormat struct{}

// document is the shape of the JSON report.
type document struct {
	// Version of this shape; it changes when a field is removed or means something else.
	Version int `json:"version"`
	Summary struct {
		Documents int            `json:"documents"`
		Judged    int            `json:"judged"`
		Skipped   map[string]int `json:"skippedByKind,omitempty"`
		Denied    int            `json:"denied"`
		Warned    int            `json:"warned"`
		Changes   *Changes       `json:"changes,omitempty"`
	} `json:"summary"`
	Findings  []jsonFinding      `json:"findings"`
	Undecided []engine.Undecided `json:"undecided,omitempty"`
}

type jsonFinding struct {
	Position
	engine.Finding
}

// Render writes the result.
func (jsonFormat) Render(out io.Writer, result Result) error {
	page := document{Version: 1, Findings: []jsonFinding{}, Undecided: result.Undecided}
	page.Summary.Documents, page.Summary.Judged, page.Summary.Skipped = result.Documents, result.Judged, result.Skipped
	page.Summary.Denied, page.Summary.Warned = result.Denied(), result.Warned()
	page.Summary.Changes = result.Changes
	for _, finding := range result.Findings {
		page.Findings = append(page.Findings, jsonFinding{Position: finding.Position, Finding: finding.Finding})
	}
	return indented(out, page)
}

// CatalogueJSON writes the rules as JSON.
func CatalogueJSON(out io.Writer, rules []policies.Rule) error { return indented(out, rules) }

func indented(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
