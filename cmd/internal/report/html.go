package report

import (
	"bytes"
	"fmt"
	"io"

	"github.com/stateward/stateward/cmd/internal/headline"
	"github.com/stateward/stateward/cmd/internal/htmlreport"
	"github.com/stateward/stateward/policies"
)

// html is a page for people, with drawings of the StatefulSets.
type html struct{ options Options }

func newHTML(options Options) Renderer { return html{options} }

// Render writes the result.
func (h html) Render(out io.Writer, result Result) error {
	page := PageOf(result)
	page.Title, page.Lines = "stateward check", []string{summary(result)}
	page.Headline = fmt.Sprintf("%s denied, %s", headline.Thousands(result.count(policies.Deny)), headline.Number(result.count(policies.Warn), "warning"))
	if changes := result.Changes.summary(); changes != "" {
		page.Lines = append(page.Lines, changes)
	}
	page.Counts = []htmlreport.Count{{Name: "documents judged", Value: result.outcomes(Evaluated)}}
	for _, finding := range result.Findings {
		page.Findings = append(page.Findings, htmlreport.Finding{
			Finding: finding.Finding, File: finding.Position.Revision + finding.Position.File, Place: finding.Position.place(), Excuse: finding.Excuse(),
		})
	}
	if left := result.leftOut(); left != "" {
		page.Notes = append(page.Notes, left)
	}
	for _, left := range result.notes() {
		page.Notes = append(page.Notes, left.line())
	}
	page.Notes = append(page.Notes, result.Unused...)
	if h.options.Verbose {
		for _, each := range result.Undecided {
			page.Notes = append(page.Notes, undecided(each))
		}
	}
	return WriteHTML(out, page)
}

// PageOf has what the pages of a check and of an audit have in common: all but the findings.
func PageOf(result Result) htmlreport.Page {
	page := htmlreport.Page{Rules: result.Rules, Sets: result.Sets, Version: result.Version}
	for _, problem := range result.Problems {
		if problem.Unreadable {
			page.Unchecked = append(page.Unchecked, problem.line())
		} else {
			page.Notes = append(page.Notes, problem.line())
		}
	}
	for _, document := range result.Documents {
		if document.Outcome == Failed {
			page.Unchecked = append(page.Unchecked, fmt.Sprintf("%s: %s could not be evaluated: %s", document.Position.place(), name(document.ObjectReference), document.Error))
		}
	}
	return page
}

// WriteHTML writes a page without control characters, wherever they come from.
func WriteHTML(out io.Writer, page htmlreport.Page) error {
	var written bytes.Buffer
	if err := page.Write(&written); err != nil {
		return err
	}
	_, err := io.WriteString(out, cleanLines(written.String()))
	return err
}
