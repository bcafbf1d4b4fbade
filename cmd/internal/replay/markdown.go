package replay

import (
	"fmt"
	"io"
	"strings"

	"github.com/stateward/stateward/cmd/internal/headline"
)

// Markdown writes the summary for a pull request or an issue.
func (s *Summary) Markdown(out io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "**%s**\n", s.Headline())
	for _, each := range sections() {
		group := s.Group(each.class)
		if group.Count == 0 {
			continue
		}
		fmt.Fprintf(&text, "\n### %s %s\n\n", headline.Thousands(group.Count), each.title)
		writeCounts(&text, group)
		for _, example := range group.Examples {
			fmt.Fprintf(&text, "- %s (`%s:%d`)\n", headline.Escaped(example.subject()), quotable(example.File), example.Line)
			for _, detail := range example.Details {
				fmt.Fprintf(&text, "  - %s\n", headline.Escaped(printable(detail)))
			}
		}
	}
	for index, note := range s.notes() {
		if index == 0 {
			fmt.Fprintln(&text)
		}
		fmt.Fprintf(&text, "- %s\n", note)
	}
	for _, problem := range s.Problems {
		fmt.Fprintf(&text, "  - `%s:%d`: %s\n", quotable(problem.File), problem.Line, headline.Escaped(printable(problem.Text)))
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// quotable is a file name between backticks.
func quotable(name string) string { return strings.ReplaceAll(printable(name), "`", "'") }

func writeCounts(text *strings.Builder, group *Group) {
	if len(group.counts()) == 0 {
		return
	}
	fmt.Fprint(text, "| by | decisions |\n|---|---|\n")
	for _, by := range group.counts() {
		fmt.Fprintf(text, "| %s | %s |\n", by.what, headline.Escaped(by.list()))
	}
	fmt.Fprintln(text)
}
