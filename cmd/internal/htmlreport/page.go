package htmlreport

import (
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/stateward/stateward/cmd/internal/headline"
	"github.com/stateward/stateward/cmd/internal/webpage"
)

// body is the page, in the order of reading. What the script shows is hidden without it.
func (d data) body() g.Group {
	return g.Group{
		h.A(h.Class("skip"), h.Href("#findings"), g.Text("Skip to the findings")),
		h.Header(webpage.Lines(
			h.H1(g.Text(d.Title)),
			h.P(h.Class("headline"), g.Text(d.Headline)),
			g.Map(d.Lines, quiet),
		)),
		d.filter(),
		h.Main(g.If(d.IsMany(), h.Class("many")), webpage.Lines(d.overview(), d.findings(), d.gone())),
		h.Footer(webpage.Lines(h.P(h.Class("quiet"),
			h.Code(g.Text("stateward rules explain RULE")), g.Text(" describes a rule."),
			g.If(d.Version != "", g.Text(" Written by stateward "+d.Version+".")),
		))),
	}
}

func (d data) filter() g.Node {
	all := h.Option(h.Value(""), g.Text("all"))
	choice := func(index int, text string) g.Node { return h.Option(h.Value(strconv.Itoa(index)), g.Text(text)) }
	level := func(value, text string) g.Node {
		return h.Label(h.Input(h.Type("checkbox"), h.Name("level"), h.Value(value), h.Checked()), g.Text(" "+text))
	}
	return h.Form(h.ID("filter"), h.Role("search"), h.Aria("label", "Findings"), h.Hidden(""), webpage.Lines(
		h.Label(h.Class("wide"), g.Text("Search "), h.Input(h.Type("search"), h.ID("search"), h.AutoComplete("off"),
			g.Attr("spellcheck", "false"), h.Placeholder("object, rule, field or words"))),
		h.Label(g.Text("Namespace "), h.Select(h.ID("namespace"), all, g.Map(d.Namespaces, func(space *namespace) g.Node {
			return choice(space.Index, space.label())
		}))),
		h.Label(g.Text("Rule "), h.Select(h.ID("rule"), all, g.Map(d.Rows, func(row *ruleRow) g.Node { return choice(row.Index, row.ID) }))),
		h.FieldSet(h.Legend(g.Text("Level")), webpage.Lines(level("deny", "deny"), level("warn", "warn"), level("audit", "recorded"))),
		g.If(d.IsCompared, h.Label(h.Class("only"), h.Input(h.Type("checkbox"), h.ID("new")), g.Text(" only new"))),
		h.Button(h.Type("reset"), g.Text("Reset")),
		h.P(h.ID("status"), h.Role("status"), g.Text(headline.Number(d.Tally.Total(), "finding"))),
	))
}

func (d data) overview() g.Node {
	tile := func(class, name string, value int) g.Node {
		return h.Div(g.If(class != "", h.Class(class)), h.Dt(g.Text(name)), h.Dd(number(value)))
	}
	return h.Section(h.Aria("labelledby", "overview"), webpage.Lines(
		h.H2(h.ID("overview"), g.Text("Overview")),
		h.Dl(h.Class("tiles"), webpage.Lines(
			tile("deny", "denied", d.Tally.Denied),
			tile("warn", "warnings", d.Tally.Warned),
			tile("audit", "only recorded", d.Tally.Recorded),
			g.Map(d.Counts, func(count Count) g.Node { return tile("", count.Name, count.Value) }),
		)),
		g.If(len(d.Unchecked) > 0, g.Group{
			h.H3(h.Class("loss"), g.Text("Not checked")),
			h.P(g.Text("Nothing is known of these. They are not counted as good.")),
			notes(g.Map(d.Unchecked, g.Text)),
		}),
		g.If(len(d.Notes) > 0, g.Group{h.H3(g.Text("Limits of this report")), notes(g.Map(d.Notes, g.Text))}),
		g.If(len(d.Rows) > 0, h.Div(h.Class("tables"), webpage.Lines(d.ruleTable(), d.namespaceTable()))),
	))
}

func (d data) ruleTable() g.Node {
	return table("rules", "By rule", "rule", g.Map(d.Rows, func(row *ruleRow) g.Node {
		return h.Tr(h.Th(h.Scope("row"),
			h.Code(g.Text(row.ID)), g.Text(" "),
			h.Button(h.Type("button"), h.Class("show"), h.Hidden(""), h.Data("field", "rule"), h.Data("value", strconv.Itoa(row.Index)),
				g.Text("show"), h.Span(h.Class("aside"), g.Text(" "+row.ID))),
			g.If(row.Title != "", g.Group{h.Br(), h.Span(h.Class("quiet"), g.Text(row.Title))}),
		), row.Tally.cells(row.Objects))
	}))
}

func (d data) namespaceTable() g.Node {
	return table("namespaces", "By namespace", "namespace", g.Map(d.Namespaces, func(space *namespace) g.Node {
		return h.Tr(h.Th(h.Scope("row"), h.A(h.Href("#"+space.id()), g.Text(space.label()))), space.Tally.cells(len(space.Objects)))
	}))
}

// table counts findings by what its first column names.
func table(id, title, first string, rows g.Group) g.Node {
	return h.Div(webpage.Lines(
		h.H3(h.ID(id), g.Text(title)),
		h.Table(h.Aria("labelledby", id), webpage.Lines(
			h.THead(h.Tr(h.Th(h.Scope("col"), g.Text(first)), g.Map([]string{"denied", "warnings", "recorded", "objects"}, func(name string) g.Node {
				return h.Th(h.Scope("col"), h.Class("n"), g.Text(name))
			}))),
			h.TBody(webpage.Lines(rows)),
		)),
	))
}

// cells are those of a line of a table, with the number of objects.
func (t tally) cells(objects int) g.Node {
	cell := func(value int, class string) g.Node {
		if class != "" && value > 0 {
			class = " " + class
		} else {
			class = ""
		}
		return h.Td(h.Class("n"+class), number(value))
	}
	return g.Group{cell(t.Denied, "deny"), cell(t.Warned, "warn"), cell(t.Recorded, ""), cell(objects, "")}
}

func (d data) gone() g.Node {
	if len(d.Gone) == 0 {
		return nil
	}
	return h.Section(h.Aria("labelledby", "gone"), webpage.Lines(
		h.H2(h.ID("gone"), g.Text("Gone since the earlier report")),
		notes(g.Map(d.Gone, func(finding Finding) g.Node {
			object := finding.Object.Kind + " " + finding.Object.Name
			if finding.Object.Namespace != "" {
				object = finding.Object.Namespace + "/" + object
			}
			return g.Group{h.Code(g.Text(finding.Rule)), g.Text(" " + object), field(finding.Field)}
		})),
	))
}

func notes(items g.Group) g.Node {
	return h.Ul(h.Class("notes"), webpage.Lines(g.Map(items, func(item g.Node) g.Node { return h.Li(item) })))
}

func quiet(text string) g.Node { return h.P(h.Class("quiet"), g.Text(text)) }

func number(value int) g.Node { return g.Text(headline.Thousands(value)) }

// field is the path of a finding, after other text.
func field(path string) g.Node {
	return g.If(path != "", g.Group{g.Text(" "), h.Code(h.Class("field"), g.Text(path))})
}
