package audit

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/stateward/stateward/cmd/internal/htmlreport"
	"github.com/stateward/stateward/cmd/internal/report"
)

// html writes a page for people, with drawings of the StatefulSets.
func (p page) html(out io.Writer) error {
	made := report.PageOf(p.result)
	made.Title, made.Headline = "stateward audit", sentence(p.headline())
	made.Lines = []string{sentence(p.scope()), "Judged at " + p.facts.Time.UTC().Format(time.RFC3339) + "."}
	objects := 0
	for _, document := range p.result.Documents {
		if document.Outcome == report.Evaluated {
			objects++
		}
	}
	made.Counts = []htmlreport.Count{{Name: "objects judged", Value: objects}, {Name: "objects that strict denies", Value: p.facts.Strict.Count}}
	if since := p.since(); since != "" {
		made.IsCompared, made.Lines = true, append(made.Lines, sentence(since))
		fresh := p.fresh()
		made.Counts = append(made.Counts, htmlreport.Count{Name: "new", Value: fresh},
			htmlreport.Count{Name: "gone", Value: len(p.gone)}, htmlreport.Count{Name: "still there", Value: len(p.findings) - fresh})
		if p.unjudged > 0 {
			made.Counts = append(made.Counts, htmlreport.Count{Name: "not judged again", Value: p.unjudged})
		}
	}
	for _, each := range p.findings {
		made.Findings = append(made.Findings, each.listed())
	}
	for _, each := range p.gone {
		made.Gone = append(made.Gone, each.listed())
	}
	made.Notes = append(made.Notes, p.unknown()...)
	return report.WriteHTML(out, made)
}

// sentence begins with a capital letter and ends with a point.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] + "." }

func (f Finding) listed() htmlreport.Finding {
	made := htmlreport.Finding{Finding: f.Finding, File: f.File, Since: f.Since, Excuse: (report.Finding{Finding: f.Finding}).Excuse()}
	if f.Line > 0 {
		made.Place = fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	return made
}
