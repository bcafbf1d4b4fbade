// Package report writes what was found: one renderer for each file.
package report

import (
	"fmt"
	"io"
	"slices"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// Result is all that one check has to tell.
type Result struct {
	// Documents were read; Judged of them met at least one rule; Skipped counts the others by kind.
	Documents int
	Judged    int
	Skipped   map[string]int
	// Findings are in the order of the documents, denials first within each.
	Findings []Finding
	// Undecided are the rules that could not see what they read, without repetition.
	Undecided []engine.Undecided
	// Changes are counted where a baseline was given, and nil elsewhere.
	Changes *Changes
}

// Finding is a finding and its place.
type Finding struct {
	engine.Finding
	Position Position
}

// Position is a place in a file, lines and columns from 1.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// Renderer writes a result in one format.
type Renderer interface {
	Render(out io.Writer, result Result) error
}

// New returns the renderer of a format. A verbose one also tells what could not be decided, where the format leaves
// that out.
func New(format string, verbose bool) (Renderer, error) {
	switch format {
	case "text":
		return text{verbose: verbose}, nil
	case "json":
		return jsonFormat{}, nil
	default:
		return nil, fmt.Errorf("unknown output format %q: use text or json", format)
	}
}

// Add appends a finding.
func (r *Result) Add(finding engine.Finding, position Position) {
	r.Findings = append(r.Findings, Finding{Finding: finding, Position: position})
}

// AddUndecided appends what is not there yet.
func (r *Result) AddUndecided(undecided []engine.Undecided) {
	for _, each := range undecided {
		if !slices.Contains(r.Undecided, each) {
			r.Undecided = append(r.Undecided, each)
		}
	}
}

// Skip counts a document that no rule judges.
func (r *Result) Skip(kind string) {
	if r.Skipped == nil {
		r.Skipped = map[string]int{}
	}
	r.Skipped[kind]++
}

// Denied counts the findings of level deny, Warned those of level warn.
func (r *Result) Denied() int { return r.count(policies.Deny) }

// Warned counts the findings of level warn.
func (r *Result) Warned() int { return r.count(policies.Warn) }

func (r *Result) count(level policies.Level) (n int) {
	for _, finding := range r.Findings {
		if finding.Level == level {
			n++
		}
	}
	return n
}
