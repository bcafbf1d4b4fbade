package planner

import (
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/stateward/stateward/cmd/internal/webpage"
)

// page is the HTML output: one file without script, fonts or images of others.
//
//go:embed plan.html.tmpl
var page string

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

// HTML writes a plan as a page for people.
func (p Plan) HTML(out io.Writer) error {
	parsed, err := webpage.Sheet{Markup: page, Style: style}.Parse()
	if err != nil {
		return err
	}
	data := pageData{Plan: p, Nothing: noChange, Note: p.note(), Legend: legend()}
	for _, change := range p.Changes {
		data.Sections = append(data.Sections, section{Change: change, Timeline: change.timeline(), Results: resultsOf(change)})
	}
	return parsed.Execute(out, data)
}

type pageData struct {
	Plan
	Nothing  string
	Note     string
	Sections []section
	Legend   []bar
}

type section struct {
	Change
	Timeline *timelineData
	Results  []result
}

// result is a line after the steps, or a command that lets a rollout go on.
type result struct{ Text, Command string }

func resultsOf(change Change) (list []result) {
	for _, line := range change.results() {
		if command, is := strings.CutPrefix(line, toGoOn); is {
			list = append(list, result{Command: command})
		} else {
			list = append(list, result{Text: line})
		}
	}
	return list
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

func (b bar) MiddleX() int { return b.X + b.Width/2 }
func (b bar) MiddleY() int { return b.Y + b.Height/2 }

// timeline is nil where nothing changes.
func (c Change) timeline() *timelineData {
	if !c.draws() {
		return nil
	}
	g := c.drawing.arrange(mostRows, mostColumns)
	longest := 0
	for _, name := range g.names {
		longest = max(longest, len(name))
	}
	made := &timelineData{Left: longest*letter + letter}
	made.Width, made.Height = made.Left+len(g.rows[0])*cell+1, axis+len(g.names)*row+1
	for column := range g.rows[0] {
		made.Ticks = append(made.Ticks, tick{X: made.Left + column*cell + cell/2, Label: strconv.Itoa(column * g.sampled)})
	}
	for index, name := range g.names {
		y := axis + index*row
		made.Rows = append(made.Rows, rowData{Name: name, Y: y + row/2, Bars: barsOf(name, g.rows[index], made.Left, y)})
	}
	if g.hidden > 0 {
		made.Note = fmt.Sprintf("%d more pods are left out. ", g.hidden)
	}
	if g.sampled > 1 {
		made.Note += fmt.Sprintf("One column is %d moments.", g.sampled)
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

func legend() (list []bar) {
	for _, moment := range []rune{newest, older, starting, stopping, broken, absent} {
		list = append(list, looks(moment))
	}
	return list
}
