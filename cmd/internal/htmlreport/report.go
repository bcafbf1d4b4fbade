// Package htmlreport writes findings as one HTML page for people: what hurts most first, with a drawing of each StatefulSet
// that has findings. The page loads nothing; its script only filters what is there without it.
package htmlreport

import (
	_ "embed"
	"io"

	"github.com/stateward/stateward/cmd/internal/topology"
	"github.com/stateward/stateward/cmd/internal/webpage"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

var (
	//go:embed report.css
	style string
	//go:embed report.js
	script string
)

// Page is what is written. Texts are plain: the page escapes them.
type Page struct {
	// Title is the command, Headline what matters most, and Lines say more about it.
	Title, Headline string
	Lines           []string
	// Counts are shown large, beside the numbers of findings.
	Counts   []Count
	Findings []Finding
	// IsCompared says that there is an earlier report; Gone are its findings that are gone.
	IsCompared bool
	Gone       []Finding
	// Unchecked are objects and files about which nothing is known, Notes what else limits the report.
	Unchecked, Notes []string
	Rules            []policies.Rule
	Sets             []topology.Set
	Version          string
}

// Count is a number with its name.
type Count struct {
	Name  string
	Value int
}

// Finding is a finding, with its place in a file.
type Finding struct {
	engine.Finding

	// File holds the object and is not shown, Place is where in it as people read it.
	File, Place string
	// Since is new or still if there is an earlier report.
	Since string
	// Excuse says why it is only recorded, or asks to be.
	Excuse string
}

// Write writes the page.
func (p Page) Write(out io.Writer) error {
	return webpage.Sheet{Title: p.Title, Style: style, Script: script, Body: dataOf(p).body()}.Write(out)
}
