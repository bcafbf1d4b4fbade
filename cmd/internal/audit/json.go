package audit

import (
	"io"
	"time"

	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// jsonPage is the JSON report; json.schema.json describes it.
type jsonPage struct {
	Schema   string      `json:"schema"`
	Time     string      `json:"time"`
	Headline string      `json:"headline"`
	Summary  jsonSummary `json:"summary"`
	Findings []Finding   `json:"findings"`
	Gone     []Finding   `json:"gone,omitempty"`
	// Undecided are rules that could not look up what they read, Problems what could not be read or evaluated.
	Undecided []engine.Undecided `json:"undecided,omitempty"`
	Problems  []jsonProblem      `json:"problems,omitempty"`
}

type jsonSummary struct {
	Objects  int        `json:"objects"`
	Denied   int        `json:"denied"`
	Warned   int        `json:"warned"`
	Recorded int        `json:"recorded"`
	Strict   jsonDenied `json:"strict"`
	Since    *jsonSince `json:"since,omitempty"`
}

// jsonDenied is what would be denied under strict Guardrails.
type jsonDenied struct {
	Objects    int `json:"objects"`
	Rules      int `json:"rules"`
	Namespaces int `json:"namespaces"`
}

type jsonSince struct {
	Time  string `json:"time"`
	New   int    `json:"new"`
	Gone  int    `json:"gone"`
	Still int    `json:"still"`
	// Unjudged were not judged again.
	Unjudged int `json:"unjudged,omitempty"`
}

type jsonProblem struct {
	Object  engine.ObjectReference `json:"object"`
	File    string                 `json:"file"`
	Line    int                    `json:"line,omitempty"`
	Message string                 `json:"message"`
}

// json writes a page for programs.
func (p page) json(out io.Writer) error {
	strict := p.facts.Strict
	made := jsonPage{
		Schema: Schema, Time: p.facts.Time.UTC().Format(time.RFC3339), Headline: p.headline(), Findings: p.findings, Gone: p.gone,
		Summary: jsonSummary{
			Denied: found(p.findings, policies.Deny), Warned: found(p.findings, policies.Warn), Recorded: found(p.findings, policies.Audit),
			Strict: jsonDenied{Objects: strict.Count, Rules: strict.Rules, Namespaces: strict.Namespaces},
		},
		Undecided: p.result.Undecided,
	}
	if p.facts.Since != nil {
		fresh := p.fresh()
		made.Summary.Since = &jsonSince{Time: p.facts.Since.Time, New: fresh, Gone: len(p.gone), Still: len(p.findings) - fresh, Unjudged: p.unjudged}
	}
	for _, problem := range p.result.Problems {
		made.Problems = append(made.Problems, jsonProblem{File: problem.File, Line: problem.Line, Message: problem.Message})
	}
	for _, document := range p.result.Documents {
		if document.Outcome == report.Evaluated {
			made.Summary.Objects++
		}
		if document.Outcome == report.Failed {
			made.Problems = append(made.Problems, jsonProblem{Object: document.ObjectReference, File: document.Position.File, Line: document.Position.Line, Message: document.Error})
		}
	}
	return report.WriteJSON(out, made)
}
