package audit

import (
	"fmt"
	"io"
	"strings"

	"github.com/stateward/stateward/cmd/internal/report"
)

// width is how many columns a line has at most.
const width = 100

// text writes a page for people, by namespace and object.
func (p page) text(out io.Writer, options report.Options) error {
	var text strings.Builder
	paint := report.Palette(options.Color)
	write := func(indent int, format string, values ...any) {
		for _, line := range wrapped(indent, fmt.Sprintf(format, values...)) {
			fmt.Fprintln(&text, line)
		}
	}
	write(0, "%s", p.headline())
	write(0, "%s", p.scope())
	if since := p.since(); since != "" {
		write(0, "%s", since)
	}
	for _, namespace := range grouped(p.findings, namespaceOf) {
		fmt.Fprintln(&text)
		write(0, "%s: %s", namespace.name, counts(namespace.findings))
		for _, object := range grouped(namespace.findings, objectOf) {
			write(2, "%s", object.name)
			for _, each := range byLevel(object.findings) {
				lines := wrapped(4, each.sentence())
				lines[0] = strings.Replace(lines[0], string(each.Level), paint.Level(each.Level), 1)
				fmt.Fprintln(&text, strings.Join(lines, "\n"))
				for _, more := range each.details() {
					write(6, "%s", more)
				}
			}
		}
	}
	if len(p.gone) > 0 {
		fmt.Fprintln(&text)
		write(0, "gone since %s:", p.facts.Since.Time)
		for _, each := range p.gone {
			write(2, "%s/%s %s: %s", each.Object.Namespace, each.Object.Kind, each.Object.Name, each.Rule)
		}
	}
	for index, note := range p.notes() {
		if index == 0 {
			fmt.Fprintln(&text)
		}
		write(0, "note: %s", note)
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// sentence is the level, the rule and what is wrong.
func (f Finding) sentence() string {
	mark := ""
	if f.Since == sinceNew {
		mark = " (new)"
	}
	return fmt.Sprintf("%s%s: [%s] %s%s.", f.Level, mark, f.Rule, f.place(), f.What)
}

func (f Finding) place() string {
	if f.Field == "" {
		return ""
	}
	return f.Field + ": "
}

// details are the way out, and why a finding is only recorded.
func (f Finding) details() (details []string) {
	if f.Fix != "" {
		details = append(details, "fix: "+f.Fix)
	}
	if excuse := (report.Finding{Finding: f.Finding}).Excuse(); excuse != "" {
		details = append(details, excuse)
	}
	return details
}

// wrapped breaks a text into lines of at most width columns, each indented, and the later ones by two columns more.
func wrapped(indent int, text string) (lines []string) {
	line, room := strings.Repeat(" ", indent), width
	begun := false
	next := func() {
		lines = append(lines, line)
		line, begun = strings.Repeat(" ", indent+2), false
	}
	for _, word := range strings.Fields(report.Clean(text)) {
		if begun && len([]rune(line))+1+len([]rune(word)) > room {
			next()
		}
		if begun {
			line += " "
		}
		// A word that is longer than a line is broken.
		for runes := []rune(word); ; {
			free := room - len([]rune(line))
			if len(runes) <= free {
				line, begun = line+string(runes), true
				break
			}
			line += string(runes[:free])
			runes = runes[free:]
			next()
		}
	}
	return append(lines, line)
}
