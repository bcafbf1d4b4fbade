package htmlreport

import (
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/stateward/stateward/cmd/internal/headline"
	"github.com/stateward/stateward/cmd/internal/topology"
	"github.com/stateward/stateward/cmd/internal/webpage"
)

// findings lists all of them by namespace and object.
func (d data) findings() g.Node {
	return h.Section(h.Aria("labelledby", "findings"), webpage.Lines(
		h.H2(h.ID("findings"), h.TabIndex("-1"), g.Text("Findings")),
		g.If(len(d.Rows) == 0, h.P(g.Text("No rule has a finding."))),
		g.If(len(d.States) > 0, d.legend()),
		h.P(h.ID("none"), h.Hidden(""), g.Text("No finding matches.")),
		g.Map(d.Namespaces, (*namespace).node),
	))
}

// legend explains drawings.
func (d data) legend() g.Node {
	text := "A drawing shows a StatefulSet with its parts; a number at a part is that of the finding below it."
	if d.Undrawn > 0 {
		text += " The " + strconv.Itoa(mostDrawings) + " sets that hurt most are drawn, " + headline.Thousands(d.Undrawn) + " more are listed."
	}
	return g.Group{
		quiet(text),
		h.Ul(h.Class("legend"), webpage.Lines(g.Map(d.States, func(state topology.State) g.Node {
			return h.Li(h.Span(h.Class("key "+string(state))), g.Text(stateName(state)))
		}))),
	}
}

func stateName(state topology.State) string {
	switch state {
	case topology.Exists:
		return "exists"
	case topology.Planned:
		return "created from the manifest"
	case topology.Unready:
		return "not Ready"
	case topology.Missing:
		return "missing"
	case topology.Unknown:
	}
	return "not known here"
}

func (n *namespace) id() string { return "n" + strconv.Itoa(n.Index) }

func (n *namespace) label() string {
	if n.Name == "" {
		return "(cluster)"
	}
	return n.Name
}

func (n *namespace) node() g.Node {
	title := "The cluster"
	if n.Name != "" {
		title = "Namespace " + n.Name
	}
	return h.Div(h.Class("namespace"), h.Data("namespace", strconv.Itoa(n.Index)), webpage.Lines(
		h.H3(h.ID(n.id()), g.Text(title+" "), n.Tally.summary()),
		g.Map(n.Objects, (*object).node),
	))
}

// summary is the tally in words.
func (t tally) summary() g.Node {
	var parts []string
	if t.Denied > 0 {
		parts = append(parts, headline.Thousands(t.Denied)+" denied")
	}
	if t.Warned > 0 {
		parts = append(parts, headline.Number(t.Warned, "warning"))
	}
	if t.Recorded > 0 {
		parts = append(parts, headline.Thousands(t.Recorded)+" only recorded")
	}
	return h.Span(h.Class("quiet"), g.Text(strings.Join(parts, ", ")))
}

func (o *object) node() g.Node {
	id := "o" + strconv.Itoa(o.Index)
	return h.Article(h.Aria("labelledby", id), webpage.Lines(
		h.H4(h.ID(id), g.Text(o.Reference.Kind+" "+o.Reference.Name+" "), o.Tally.summary()),
		g.Iff(o.Drawing != nil, func() g.Node { return o.Drawing.node() }),
		h.Ol(webpage.Lines(g.Map(o.Findings, (*listed).node))),
	))
}

func (l *listed) node() g.Node {
	level, isNew := string(l.Level), l.Since == "new"
	return h.Li(h.Data("level", level), h.Data("rule", strconv.Itoa(l.Row)), g.If(isNew, h.Data("new", "")),
		h.B(h.Class(level), g.Text(level)),
		g.If(isNew, g.Group{g.Text(" "), h.B(h.Class("new"), g.Text("new"))}),
		g.Text(" "), h.Code(g.Text(l.Rule)),
		g.If(l.About != "", g.Text(" "+l.About)),
		field(l.Field),
		g.If(l.Place != "", g.Group{g.Text(" "), h.Span(h.Class("place"), g.Text(l.Place))}),
		webpage.Lines(
			h.P(g.Text(l.What+".")),
			g.If(l.Fix != "", h.P(h.Class("fix"), g.Text("Fix: "+l.Fix))),
			g.If(l.Excuse != "", quiet(l.Excuse)),
		))
}

// node is the drawing as SVG.
func (d *drawing) node() g.Node {
	return webpage.Drawing{
		Width: d.Width, Height: d.Height, Name: d.Name, Label: d.Label,
		Caption: g.If(d.Note != "", h.FigCaption(g.Text(d.Note))),
	}.Of(
		g.Map(d.Captions, func(c caption) g.Node { return webpage.Text("caption", c.X, 12, c.Text) }),
		g.Map(d.Lines, func(path string) g.Node { return g.El("path", g.Attr("d", path)) }),
		g.Map(d.Boxes, (*box).node),
	)
}

func (b *box) node() g.Node {
	return g.Group{
		g.El("g", h.Class(string(b.State)),
			h.TitleEl(g.Text(b.Title)),
			webpage.Rectangle("", b.X, b.Y, boxWidth, boxHeight, 6),
			webpage.Text("name", b.X+10, b.Y+18, b.Name),
			webpage.Text("detail", b.X+10, b.Y+33, b.Detail)),
		g.Map(b.Place(), func(m mark) g.Node {
			level := string(m.Level)
			return g.Group{
				webpage.Rectangle("badge "+level, m.X, m.Y, badge, badge, m.Radius),
				webpage.Text("symbol "+level, m.X+badge/2, m.Y+13, m.Text),
			}
		}),
	}
}
