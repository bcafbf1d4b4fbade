package replay

import (
	"fmt"
	"io"
	"strings"
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
		fmt.Fprintf(&text, "\n### %s %s\n\n", thousands(group.Count), each.title)
		writeCounts(&text, group)
		for _, example := range group.Examples {
			fmt.Fprintf(&text, "- %s (`%s:%d`)\n", escaped(example.subject()), example.File, example.Line)
			for _, detail := range example.Details {
				fmt.Fprintf(&text, "  - %s\n", escaped(printable(detail)))
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
		fmt.Fprintf(&text, "  - `%s:%d`: %s\n", problem.File, problem.Line, escaped(printable(problem.Text)))
	}
	_, err := io.WriteString(out, text.String())
	return err
}

func writeCounts(text *strings.Builder, group *Group) {
	if len(group.counts()) == 0 {
		return
	}
	fmt.Fprint(text, "| by | decisions |\n|---|---|\n")
	for _, by := range group.counts() {
		fmt.Fprintf(text, "| %s | %s |\n", by.what, escaped(by.list()))
	}
	fmt.Fprintln(text)
}

// escaped keeps names and messages from being read as markup.
func escaped(text string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "<", `\<`, "[", `\[`, "`", "\\`").Replace(text)
}
