package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stateward/stateward/policies/forecast"
)

const (
	// widest is how many columns a line has.
	widest = 100
	// highest is how many pods a drawing shows.
	highest = 24
)

// What a pod is at a time.
const (
	newest   = '#'
	older    = '='
	starting = 'o'
	stopping = 'x'
	absent   = '.'
	broken   = '!'
)

// drawing has the pods over time: a column for each moment at which something changes.
type drawing struct {
	names   []string
	moments [][]rune
}

// grid is as much of a drawing as there is room for: a row for each pod.
type grid struct {
	names []string
	rows  [][]rune
	// hidden pods are left out, and only every sampled moment is shown.
	hidden, sampled int
}

// draw makes the drawing of a forecast.
func draw(state forecast.State, change forecast.Change, timeline forecast.Timeline) drawing {
	set := state.Set
	if set.Name == "" {
		set = change.Set
	}
	pods, shown := map[string]rune{}, map[string]bool{}
	isBroken := map[string]bool{}
	ordinals := map[string]int{}
	for _, pod := range state.Pods {
		name := set.PodName(pod.Ordinal)
		pods[name], shown[name], ordinals[name] = stateOf(pod, timeline.Update), true, pod.Ordinal
	}
	for _, pod := range timeline.After.Pods {
		name := set.PodName(pod.Ordinal)
		isBroken[name], ordinals[name] = pod.Broken && !pod.Ready, pod.Ordinal
	}
	for _, step := range timeline.Steps {
		if step.Kind == forecast.PodStarts {
			shown[step.Object] = true
		}
	}
	var names []string
	for name := range shown {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	moments := momentsOf(timeline, pods, names)
	if last := moments[len(moments)-1]; len(timeline.Steps) > 0 {
		for index, name := range names {
			if isBroken[name] {
				last[index] = broken
			}
		}
	}
	return drawing{names, moments}
}

func stateOf(pod forecast.Pod, update string) rune {
	switch {
	case pod.Terminating:
		return stopping
	case pod.Broken:
		return broken
	case !pod.Ready:
		return starting
	case pod.Revision == update:
		return newest
	default:
		return older
	}
}

// momentsOf returns columns: the pods at the beginning, and after each group of steps that changes them.
func momentsOf(timeline forecast.Timeline, pods map[string]rune, names []string) (moments [][]rune) {
	column := func() []rune {
		runes := make([]rune, len(names))
		for index, name := range names {
			runes[index] = absent
			if now, exists := pods[name]; exists {
				runes[index] = now
			}
		}
		return runes
	}
	add := func() {
		if now := column(); len(moments) == 0 || !slices.Equal(now, moments[len(moments)-1]) {
			moments = append(moments, now)
		}
	}
	add()
	group := ""
	for _, step := range timeline.Steps {
		// What the controller does in a round is one moment, and what follows from it the next.
		reaction := step.Kind == forecast.PodGone || step.Kind == forecast.PodReady
		if now := fmt.Sprint(step.Round, reaction); now != group && isOfPod(step.Kind) {
			add()
			group = now
		}
		switch step.Kind {
		case forecast.PodStops:
			pods[step.Object] = stopping
		case forecast.PodGone:
			delete(pods, step.Object)
		case forecast.PodStarts:
			pods[step.Object] = starting
		case forecast.PodReady:
			pods[step.Object] = older
			if step.Revision == timeline.Update {
				pods[step.Object] = newest
			}
		default:
		}
	}
	add()
	return moments
}

func isOfPod(kind forecast.Kind) bool {
	return kind == forecast.PodStops || kind == forecast.PodGone || kind == forecast.PodStarts || kind == forecast.PodReady
}

// arrange turns columns into rows, and leaves out what has no room.
func (d drawing) arrange(rows, columns int) grid {
	g := grid{names: d.names, sampled: 1}
	if len(g.names) > rows {
		g.hidden = len(g.names) - rows
		g.names = g.names[:rows]
	}
	g.sampled = max((len(d.moments)+columns-1)/max(columns, 1), 1)
	for row := range g.names {
		var line []rune
		for column, moment := range d.moments {
			if column%g.sampled == 0 || column == len(d.moments)-1 {
				line = append(line, moment[row])
			}
		}
		g.rows = append(g.rows, line)
	}
	return g
}

// inColumns is a drawing as it fits into a terminal.
func (d drawing) inColumns() grid {
	room := widest - 4
	if shown := min(len(d.names), highest); shown > 0 {
		room -= len(d.names[shown-1])
	}
	return d.arrange(highest, room)
}

// draws reports whether there is something to draw: pods that change, or that are stuck as they are.
func (c Change) draws() bool {
	return len(c.drawing.names) > 0 && (len(c.drawing.moments) > 1 || c.Summary.Stuck)
}

// lines writes the drawing; paint colours one character.
func (g grid) lines(paint func(rune) string) (lines []string) {
	width := len(g.names[len(g.names)-1])
	for index, name := range g.names {
		var line strings.Builder
		fmt.Fprintf(&line, "%-*s  ", width, name)
		for _, moment := range g.rows[index] {
			line.WriteString(paint(moment))
		}
		lines = append(lines, line.String())
	}
	if g.hidden > 0 {
		lines = append(lines, fmt.Sprintf("(%d more pods)", g.hidden))
	}
	legend := "# Ready, newest revision  = Ready, older revision  o not Ready yet  x stopping  . absent"
	if slices.ContainsFunc(g.rows, func(row []rune) bool { return slices.Contains(row, broken) }) {
		legend += "  ! broken"
	}
	if g.sampled > 1 {
		lines = append(lines, fmt.Sprintf("(one column for %d moments)", g.sampled))
	}
	return append(lines, legend)
}
