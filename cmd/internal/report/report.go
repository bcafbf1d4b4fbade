// Package report writes what was found: one renderer for each file.
package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/stateward/stateward/policies"
)

// Renderer writes a result in one format.
type Renderer interface {
	Render(out io.Writer, result Result) error
}

// Options configure a renderer.
type Options struct {
	// Verbose adds undecided rules to formats that leave them out.
	Verbose bool
	// Color allows terminal colours in formats that have them.
	Color bool
	// FailOn is the mildest level that fails a run; Off fails none. Formats that know only success and failure follow it.
	FailOn policies.Level
	// Errors adds unreadable input to formats that leave it to standard error.
	Errors bool
	// Dir is the absolute working directory: formats that servers read name files relative to it.
	Dir string
}

// HTML is the format that draws: its renderers read Result.Sets.
const HTML = "html"

// format is one line of the table of formats.
type format struct {
	name  string
	build func(Options) Renderer
}

// formats is the table of formats, in the order that help shows them.
func formats() []format {
	return []format{
		{"text", newText},
		{"json", newJSON},
		{HTML, newHTML},
		{"junit", newJUnit},
		{"sarif", newSARIF},
		{"github", newGitHub},
		{"gitlab", newGitLab},
		{"tap", newTAP},
		{"policyreport", newPolicyReport},
		{"openreports", newOpenReports},
	}
}

// Formats lists the names of all formats.
func Formats() (names []string) {
	for _, each := range formats() {
		names = append(names, each.name)
	}
	return names
}

// New returns the renderer of a format.
func New(name string, options Options) (Renderer, error) {
	for _, each := range formats() {
		if each.name == name {
			return each.build(options), nil
		}
	}
	return nil, fmt.Errorf("unknown output format %q: use one of %s", name, strings.Join(Formats(), ", "))
}

// fails reports whether a finding fails the run.
func (o Options) fails(finding Finding) bool { return finding.atLeast(o.FailOn) }
