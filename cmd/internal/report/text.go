package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/fatih/color"

	"github.com/stateward/stateward/policies"
)

// text is for people: one block for each finding, whose first line editors and terminals can jump to, and a summary.
type text struct {
	options Options
	paint   palette
}

func newText(options Options) Renderer {
	return text{options: options, paint: palette{on: options.Color}}
}

// Render writes the result.
func (t text) Render(out io.Writer, result Result) error {
	var page strings.Builder
	grouped := len(result.Findings) > fewFindings
	for index, finding := range result.Findings {
		if grouped && (index == 0 || result.Findings[index-1].Object != finding.Object) {
			page.WriteString(t.heading(result, index))
		}
		page.WriteString(block(finding, t.paint))
	}
	if t.options.Verbose {
		for _, each := range result.Undecided {
			fmt.Fprintln(&page, undecided(each))
		}
	}
	for _, unused := range result.Unused {
		fmt.Fprintln(&page, Clean(unused))
	}
	t.input(&page, result)
	fmt.Fprintln(&page, summary(result))
	if left := result.leftOut(); left != "" {
		fmt.Fprintln(&page, left)
	}
	page.WriteString(result.Changes.summary())
	if grouped {
		page.WriteString(next(result))
	}
	_, err := io.WriteString(out, page.String())
	return err
}

// input lists problems of the input, and what was left out.
func (t text) input(page *strings.Builder, result Result) {
	for _, problem := range result.Problems {
		if !problem.Unreadable || t.options.Errors {
			fmt.Fprintln(page, problem.line())
		}
	}
	for _, left := range result.LeftOut {
		switch {
		case left.Note:
			fmt.Fprintln(page, left.line())
		case t.options.Verbose:
			fmt.Fprintf(page, "left out: %s: %s\n", left.place(), Clean(left.Reason))
		}
	}
}

// block is all about one finding: place and problem, the line of the file, the way out.
func block(finding Finding, paint palette) string {
	var page strings.Builder
	fmt.Fprintf(&page, "%s: %s: %s: %s\n", paint.place(finding.Position.place()), paint.level(finding.Level, Clean(string(finding.Level))),
		name(finding.Object), finding.problem())
	page.WriteString(excerpt(finding, paint))
	if fix := finding.fix(); fix != "" {
		fmt.Fprintf(&page, "     %s %s\n", paint.fix("fix:"), fix)
	}
	if exception := finding.Excuse(); exception != "" {
		fmt.Fprintf(&page, "     %s\n", exception)
	}
	return page.String()
}

// mostKinds are as many as a line of a summary holds.
const mostKinds = 6

// counted lists how many there are of each kind, of many kinds the commonest.
func counted(kinds map[string]int) string {
	sorted := slices.Sorted(maps.Keys(kinds))
	rest := len(sorted) - mostKinds
	if rest > 0 {
		slices.SortStableFunc(sorted, func(a, b string) int { return kinds[b] - kinds[a] })
		sorted = sorted[:mostKinds]
	}
	var parts []string
	for _, kind := range sorted {
		parts = append(parts, fmt.Sprintf("%d %s", kinds[kind], Clean(kind)))
	}
	if rest > 0 {
		parts = append(parts, Plural(rest, "other kind"))
	}
	return strings.Join(parts, ", ")
}

// summary is one line that accounts for every document.
func summary(result Result) string {
	parts := []string{Plural(len(result.Documents), "document"), fmt.Sprintf("%d judged", result.outcomes(Evaluated))}
	if skipped := result.skipped(); len(skipped) > 0 {
		parts = append(parts, fmt.Sprintf("%d skipped (%s)", result.outcomes(Skipped), counted(skipped)))
	}
	if failed := result.outcomes(Failed); failed > 0 {
		parts = append(parts, fmt.Sprintf("%d could not be evaluated", failed))
	}
	if unreadable := result.Unreadable(); unreadable > 0 {
		parts = append(parts, fmt.Sprintf("%d unreadable", unreadable))
	}
	warnings := Plural(result.count(policies.Warn), "warning")
	if objects := result.objects(); objects > 0 {
		warnings += " in " + Plural(objects, "object")
	}
	found := []string{fmt.Sprintf("%d denied", result.count(policies.Deny)), warnings}
	if used := result.exceptions(); used > 0 {
		found = append(found, Plural(used, "exception")+" used")
	}
	if ignored := result.ignored(); ignored > 0 {
		found = append(found, fmt.Sprintf("%d ignored by manifests", ignored))
	}
	return strings.Join(parts, ", ") + ": " + strings.Join(found, ", ")
}

// Painter paints levels for a terminal, or leaves them as they are.
type Painter struct{ palette }

// Palette makes a painter.
func Palette(on bool) Painter { return Painter{palette{on: on}} }

// Level is a level in its colour.
func (p Painter) Level(level policies.Level) string { return p.level(level, Clean(string(level))) }

// palette paints for a terminal, or leaves all as it is.
type palette struct{ on bool }

func (p palette) place(text string) string  { return p.with(text, color.Bold) }
func (p palette) margin(text string) string { return p.with(text, color.Faint) }
func (p palette) fix(text string) string    { return p.with(text, color.FgGreen) }

func (p palette) level(level policies.Level, text string) string {
	switch level {
	case policies.Deny:
		return p.with(text, color.FgRed, color.Bold)
	case policies.Warn:
		return p.with(text, color.FgYellow, color.Bold)
	default:
		return p.with(text, color.FgCyan)
	}
}

// with asks the palette alone: the library's own idea of the terminal is global, and is about standard output only.
func (p palette) with(text string, attributes ...color.Attribute) string {
	if !p.on {
		return text
	}
	paint := color.New(attributes...)
	paint.EnableColor()
	return paint.Sprint(text)
}
