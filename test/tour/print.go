package tour

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Width is the number of columns that the tour uses at most.
const Width = 100

// style is the way to show a part of the tour on a terminal, as an ANSI code.
type style string

const (
	plain   style = ""
	heading style = "1"
	command style = "1;36"
	good    style = "32"
	warning style = "33"
	bad     style = "31"
)

// printer writes the tour, in colour if it may.
type printer struct {
	out    io.Writer
	colour bool
}

// line writes text in at most Width columns; further lines are indented by two more.
func (p printer) line(how style, indent, text string) {
	for index, each := range wrap(text, Width-len(indent)-2) {
		if index > 0 {
			each = "  " + each
		}
		if p.colour && how != plain {
			each = "\x1b[" + string(how) + "m" + each + "\x1b[0m"
		}
		fmt.Fprintln(p.out, indent+each)
	}
}

func (p printer) announce(step Step) {
	if step.Title != "" {
		fmt.Fprintln(p.out)
		p.line(heading, "", "== "+step.Title)
	}
	if prompt := cmp.Or(prefixed("$ ", step.Command), prefixed("? ", step.Asks)); prompt != "" {
		fmt.Fprintln(p.out)
		p.line(command, "", prompt)
	}
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// show prints what a command printed.
func (p printer) show(output string) {
	for text := range strings.Lines(output) {
		text = strings.TrimRight(text, "\n")
		shown := strings.TrimLeft(text, " ")
		indent := "  " + text[:len(text)-len(shown)]
		if strings.Contains(shown, "   ") {
			// A row of a table loses its columns when it is wrapped.
			shown = cut(shown, Width-len(indent)-2)
		}
		p.line(styleOf(shown), indent, shown)
	}
}

func styleOf(text string) style {
	switch {
	case strings.HasPrefix(text, "Warning:"):
		return warning
	case strings.HasPrefix(text, "Error from server"):
		return bad
	default:
		return plain
	}
}

// explain prints the verdict and the reason.
func (p printer) explain(step Step) {
	verdict := string(step.Verdict)
	switch {
	case verdict != "" && step.Why != "":
		p.line(styles()[step.Verdict], "  ", "-> "+verdict+": "+step.Why)
	case verdict != "":
		p.line(styles()[step.Verdict], "  ", "-> "+verdict)
	case step.Why != "":
		p.line(plain, "  ", "-> "+step.Why)
	}
}

func styles() map[Verdict]style {
	return map[Verdict]style{Allowed: good, Corrected: good, Warned: warning, Denied: bad}
}

// summarise prints the table of all commands that Stateward decided on.
func (p printer) summarise(outcomes []outcome) {
	fmt.Fprintln(p.out)
	p.line(heading, "", "== Summary")
	p.table(outcomes)
}

func (p printer) table(outcomes []outcome) {
	fmt.Fprintf(p.out, "\n%-9s  %-36s  %s\n", "VERDICT", "RULES", "COMMAND")
	for _, each := range outcomes {
		row := fmt.Sprintf("%-36s  %s", cut(cmp.Or(each.rules, "-"), 36), cut(each.command, Width-9-2-36-2))
		verdict := fmt.Sprintf("%-9s", each.verdict)
		if p.colour {
			verdict = "\x1b[" + string(styles()[Verdict(each.verdict)]) + "m" + verdict + "\x1b[0m"
		}
		fmt.Fprintf(p.out, "%s  %s\n", verdict, row)
	}
}

func cut(text string, columns int) string {
	if utf8.RuneCountInString(text) <= columns {
		return text
	}
	return string([]rune(text)[:columns-1]) + "…"
}

// wrap breaks text at spaces, and a longer word after commas: JSON and its shell command stay the same. A table keeps its spaces.
func wrap(text string, columns int) []string {
	if utf8.RuneCountInString(text) <= columns {
		return []string{text}
	}
	var lines []string
	var line strings.Builder
	for word := range strings.FieldsSeq(text) {
		for utf8.RuneCountInString(word) > columns {
			comma := strings.LastIndex(string([]rune(word)[:columns]), ",") + 1
			if comma == 0 {
				break
			}
			if line.Len() > 0 {
				lines = append(lines, line.String())
				line.Reset()
			}
			lines, word = append(lines, word[:comma]), word[comma:]
		}
		if line.Len() > 0 && utf8.RuneCountInString(line.String())+1+utf8.RuneCountInString(word) > columns {
			lines = append(lines, line.String())
			line.Reset()
		}
		if line.Len() > 0 {
			line.WriteByte(' ')
		}
		line.WriteString(word)
	}
	return append(lines, line.String())
}
