package replay

import (
	_ "embed"
	"fmt"
	"io"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/stateward/stateward/cmd/internal/headline"
	"github.com/stateward/stateward/cmd/internal/webpage"
)

// style is for lists of decisions.
//
//go:embed replay.css
var style string

// HTML writes the summary as a page for people: one file without script, fonts or images of others.
func (s *Summary) HTML(out io.Writer) error {
	var classes g.Group
	for _, each := range sections() {
		if group := s.Group(each.class); group.Count > 0 {
			classes = append(classes, group.page(each.title))
		}
	}
	return webpage.Sheet{Title: "stateward replay", Style: style, Body: g.Group{h.Main(webpage.Lines(
		h.H1(g.Text("stateward replay")),
		h.P(h.Strong(g.Text(s.Headline()))),
		classes,
		listed("", s.notes(), func(note string) g.Node { return h.Li(g.Text(note)) }),
		listed("What cannot be read", s.Problems, func(problem Problem) g.Node {
			return h.Li(located(problem.File, problem.Line), g.Text(printable(problem.Text)))
		}),
	))}}.Write(out)
}

// page shows a class with its counts and examples.
func (group *Group) page(title string) g.Node {
	return h.Section(webpage.Lines(
		h.H2(g.Text(headline.Thousands(group.Count)+" "+title)),
		g.Iff(len(group.counts()) > 0, func() g.Node {
			return h.Table(webpage.Lines(g.Map(group.counts(), func(by by) g.Node {
				return h.Tr(h.Th(h.Scope("row"), g.Text("by "+by.what)), h.Td(g.Text(by.list())))
			})))
		}),
		listed("", group.Examples, func(example Example) g.Node {
			return h.Li(located(example.File, example.Line), g.Text(example.subject()),
				listed("", example.Details, func(detail string) g.Node { return h.Li(g.Text(printable(detail))) }))
		}),
	))
}

// listed is a list with its heading, or nothing.
func listed[T any](heading string, items []T, item func(T) g.Node) g.Node {
	if len(items) == 0 {
		return nil
	}
	return g.Group{g.If(heading != "", h.H2(g.Text(heading))), h.Ul(webpage.Lines(g.Map(items, item)))}
}

// located is where something is recorded.
func located(file string, line int) g.Node {
	return g.Group{h.Code(g.Text(fmt.Sprintf("%s:%d", printable(file), line))), g.Text(" ")}
}
