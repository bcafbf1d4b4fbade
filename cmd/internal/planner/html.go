package planner

import (
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/stateward/stateward/cmd/internal/webpage"
)

// style has the colours of pods.
//
//go:embed plan.css
var style string

const (
	// mostRows and mostColumns are as many pods and moments as a person can read in a drawing.
	mostRows, mostColumns = 60, 120
	// cell and row are the size of one moment of one pod, in CSS pixels; letter is the width of a character.
	cell, row, letter = 26, 26, 8
	// axis is the height of the numbers above the drawing.
	axis = 20
)

// HTML writes a plan as a page for people: one file without script, fonts or images of others.
func (p Plan) HTML(out io.Writer) error {
	return webpage.Sheet{Title: "stateward plan", Style: style, Body: g.Group{h.Main(webpage.Lines(
		h.H1(g.Text("stateward plan")),
		h.P(h.Class("quiet"), g.Text("Forecast for Kubernetes "+p.Kubernetes+". Nothing has been changed.")),
		g.If(len(p.Changes) == 0, h.P(g.Text(noChange))),
		g.If(len(p.Summary.Lost) > 0, h.P(h.Class("loss"), g.Text("LOSES volumes: "+strings.Join(p.Summary.Lost, ", ")))),
		g.Map(p.Changes, Change.html),
		g.If(p.note() != "", h.P(h.Class("quiet"), g.Text(p.note()))),
	))}}.Write(out)
}

func (c Change) html() g.Node {
	return h.Section(webpage.Lines(
		h.H2(g.Text(c.Object+": "+c.Action)),
		g.Iff(c.draws(), func() g.Node { return g.Group{c.timeline().html(), legend()} }),
		h.Ul(h.Class("results"), webpage.Lines(g.Map(c.results(), result))),
		c.steps(),
	))
}

// result is a line after the steps, or a command that lets a rollout go on.
func result(line string) g.Node {
	if command, is := strings.CutPrefix(line, toGoOn); is {
		return h.Li(g.Text("to go on: "), h.Code(g.Text(command)))
	}
	return h.Li(g.Text(line))
}

func (c Change) steps() g.Node {
	if len(c.Steps) == 0 {
		return h.P(g.Text("nothing happens"))
	}
	return g.Group{
		h.H3(g.Text("Steps")),
		h.Ol(webpage.Lines(g.Map(c.Steps, func(step Step) g.Node { return h.Li(g.Text(step.Text)) }))),
	}
}

// timelineData is an SVG drawing: pods are rows, moments are columns.
type timelineData struct {
	Width, Height, Left int
	Ticks               []tick
	Rows                []rowData
	Note                string
}

type tick struct {
	X     int
	Label string
}

type rowData struct {
	Name string
	Y    int
	Bars []bar
}

// bar is a pod that stays the same for some moments.
type bar struct {
	X, Y, Width, Height int
	Class, Symbol, Text string
}

// html is the drawing as SVG.
func (t timelineData) html() g.Node {
	return webpage.Drawing{
		Width: t.Width, Height: t.Height, Name: "Drawing", Label: "pods over time",
		Caption: h.FigCaption(g.Text("Rows are pods, columns are moments at which something changes; they are not equally long. " + t.Note)),
	}.Of(
		g.Map(t.Ticks, func(at tick) g.Node { return webpage.Text("tick", at.X, 13, at.Label) }),
		g.Map(t.Rows, func(pod rowData) g.Node {
			return g.Group{webpage.Text("name", 0, pod.Y, pod.Name, g.Attr("dominant-baseline", "central")), g.Map(pod.Bars, bar.html)}
		}),
	)
}

func (b bar) html() g.Node {
	return g.Group{
		webpage.Rectangle(b.Class, b.X, b.Y, b.Width, b.Height, 3, h.TitleEl(g.Text(b.Text))),
		g.If(b.Symbol != "", webpage.Text("symbol "+b.Class, b.X+b.Width/2, b.Y+b.Height/2, b.Symbol)),
	}
}

// timeline arranges the drawing of a change.
func (c Change) timeline() timelineData {
	grid := c.drawing.arrange(mostRows, mostColumns)
	longest := 0
	for _, name := range grid.names {
		longest = max(longest, len(name))
	}
	made := timelineData{Left: longest*letter + letter}
	made.Width, made.Height = made.Left+len(grid.rows[0])*cell+1, axis+len(grid.names)*row+1
	for column := range grid.rows[0] {
		made.Ticks = append(made.Ticks, tick{X: made.Left + column*cell + cell/2, Label: strconv.Itoa(column * grid.sampled)})
	}
	for index, name := range grid.names {
		y := axis + index*row
		made.Rows = append(made.Rows, rowData{Name: name, Y: y + row/2, Bars: barsOf(name, grid.rows[index], made.Left, y)})
	}
	if grid.hidden > 0 {
		made.Note = fmt.Sprintf("%d more pods are left out. ", grid.hidden)
	}
	if grid.sampled > 1 {
		made.Note += fmt.Sprintf("One column is %d moments.", grid.sampled)
	}
	return made
}

// barsOf joins moments that are the same.
func barsOf(name string, moments []rune, left, y int) (list []bar) {
	for begin := 0; begin < len(moments); {
		end := begin + 1
		for end < len(moments) && moments[end] == moments[begin] {
			end++
		}
		made := looks(moments[begin])
		made.X, made.Y, made.Width, made.Height = left+begin*cell, y+2, (end-begin)*cell-1, row-4
		made.Text = name + ": " + made.Text
		list = append(list, made)
		begin = end
	}
	return list
}

func looks(moment rune) bar {
	switch moment {
	case newest:
		return bar{Class: "newest", Symbol: "✓", Text: "Ready, newest revision"}
	case older:
		return bar{Class: "older", Symbol: "=", Text: "Ready, older revision"}
	case starting:
		return bar{Class: "starting", Symbol: "o", Text: "not Ready yet"}
	case stopping:
		return bar{Class: "stopping", Symbol: "x", Text: "stopping"}
	case broken:
		return bar{Class: "broken", Symbol: "!", Text: "broken"}
	default:
		return bar{Class: "absent", Symbol: "", Text: "absent"}
	}
}

func legend() g.Node {
	return h.Ul(h.Class("legend"), webpage.Lines(g.Map([]rune{newest, older, starting, stopping, broken, absent}, func(moment rune) g.Node {
		bar := looks(moment)
		symbol := bar.Symbol
		if symbol == "" {
			symbol = "\u00a0"
		}
		return h.Li(h.Span(h.Class("key "+bar.Class), g.Text(symbol)), g.Text(bar.Text))
	})))
}
