package report

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/stateward/stateward/policies/engine"
)

// text is for people: one line for each finding, in the form that editors and terminals can jump to, and a summary.
type text struct{ verbose bool }

// Render writes the result.
func (t text) Render(out io.Writer, result Result) error {
	var page strings.Builder
	for _, finding := range result.Findings {
		fmt.Fprintf(&page, "%s:%d:%d: %s: %s %s/%s: %s%s\n",
			finding.Position.File, finding.Position.Line, finding.Position.Column, finding.Level,
			finding.Object.Kind, finding.Object.Namespace, finding.Object.Name, finding.Message, excepted(finding.Exception))
	}
	if t.verbose {
		for _, each := range result.Undecided {
			fmt.Fprintf(&page, "undecided: [%s] looks at %s, and nothing is known of them here\n", each.Rule, each.Resource)
		}
	}
	fmt.Fprintf(&page, "%s, %d judged: %d denied, %s\n", plural(result.Documents, "document"), result.Judged,
		result.Denied(), plural(result.Warned(), "warning"))
	page.WriteString(result.Changes.summary())
	_, err := io.WriteString(out, printable(page.String()))
	return err
}

// excepted tells why a finding is only recorded.
func excepted(exception *engine.ExceptionUse) string {
	if exception == nil {
		return ""
	}
	return fmt.Sprintf(" (excepted until %s: %s; ask %s)", exception.Expires, exception.Reason, exception.Owner)
}

// printable keeps names in manifests from driving the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

func plural(n int, word string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, word)
	}
	return fmt.Sprintf("%d %ss", n, word)
}
