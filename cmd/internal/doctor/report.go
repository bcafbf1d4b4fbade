package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// reportVersion of the JSON shape; it changes when a field is removed or means something else.
const reportVersion = 1

// Report is all that was found, and the shape of `stateward doctor -o json`.
type Report struct {
	Version int `json:"version"`
	// Healthy is true where nothing is a problem and nothing was left unchecked.
	Healthy bool `json:"healthy"`
	// Summary counts the findings by status.
	Summary  map[Status]int `json:"summary"`
	Findings []Finding      `json:"findings"`
}

func newReport(findings []Finding) Report {
	report := Report{Version: reportVersion, Summary: map[Status]int{OK: 0, Note: 0, Problem: 0, Unchecked: 0}, Findings: findings}
	for _, finding := range findings {
		report.Summary[finding.Status]++
	}
	report.Healthy = report.Summary[Problem]+report.Summary[Unchecked] == 0
	return report
}

// JSON writes the report for programs.
func (r Report) JSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// Text writes the report for people: one line for each finding, and what to do below it.
func (r Report) Text(out io.Writer) error {
	var page strings.Builder
	for _, finding := range r.Findings {
		fmt.Fprintf(&page, "%-9s  %-12s  ", finding.Status, finding.Check)
		if finding.Object != "" {
			page.WriteString(clean(finding.Object) + ": ")
		}
		page.WriteString(clean(finding.Message) + "\n")
		if finding.Fix != "" {
			fmt.Fprintf(&page, "%25s-> %s\n", "", clean(finding.Fix))
		}
	}
	fmt.Fprintf(&page, "ok: %d, notes: %d, problems: %d, not checked: %d\n",
		r.Summary[OK], r.Summary[Note], r.Summary[Problem], r.Summary[Unchecked])
	_, err := io.WriteString(out, page.String())
	return err
}

// clean keeps what a cluster says on one line, and from driving the terminal.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < ' ' || r >= 0x7f && r < 0xa0:
			return '\uFFFD'
		default:
			return r
		}
	}, text)
}
