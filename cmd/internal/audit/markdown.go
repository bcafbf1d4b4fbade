package audit

import (
	"fmt"
	"io"
	"strings"

	"github.com/stateward/stateward/cmd/internal/headline"
	"github.com/stateward/stateward/cmd/internal/report"
)

// mostRows is how many findings of a namespace a table shows.
const mostRows = 100

// markdown writes a page for an issue or a wiki: a table for each namespace.
func (p page) markdown(out io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "**%s**\n\n%s\n", p.headline(), p.scope())
	if since := p.since(); since != "" {
		fmt.Fprintf(&text, "\n%s\n", since)
	}
	for _, namespace := range grouped(p.findings, namespaceOf) {
		fmt.Fprintf(&text, "\n### %s: %s\n\n| level | object | rule | finding | fix |\n|---|---|---|---|---|\n", escaped(namespace.name), counts(namespace.findings))
		rows := 0
		for _, object := range grouped(namespace.findings, objectOf) {
			for _, each := range byLevel(object.findings) {
				if rows++; rows > mostRows {
					continue
				}
				level := string(each.Level)
				if each.Since == sinceNew {
					level += " (new)"
				}
				fmt.Fprintf(&text, "| %s | %s | %s | %s | %s |\n", level, escaped(object.name), escaped(each.Rule), escaped(each.place()+each.What), escaped(each.Fix))
			}
		}
		if rows > mostRows {
			fmt.Fprintf(&text, "\nand %d more\n", rows-mostRows)
		}
	}
	for index, each := range p.gone {
		if index == 0 {
			fmt.Fprintf(&text, "\n### gone since %s\n\n", p.facts.Since.Time)
		}
		fmt.Fprintf(&text, "- %s\n", escaped(fmt.Sprintf("%s/%s %s: %s", each.Object.Namespace, each.Object.Kind, each.Object.Name, each.Rule)))
	}
	for index, note := range p.notes() {
		if index == 0 {
			fmt.Fprintln(&text)
		}
		fmt.Fprintf(&text, "- note: %s\n", escaped(note))
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// escaped keeps names and messages from being read as markup.
func escaped(text string) string { return headline.Escaped(report.Clean(text)) }
