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

// drawing shows pods over time: a row for each pod, a column for each moment at which something changes.
type drawing struct {
	names []string
	rows  []string
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
	return arrange(names, moments)
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
func arrange(names []string, moments [][]rune) drawing {
	d := drawing{names: names, sampled: 1}
	if len(d.names) > highest {
		d.hidden = len(d.names) - highest
		d.names = d.names[:highest]
	}
	room := widest - 4
	if len(d.names) > 0 {
		room -= len(d.names[len(d.names)-1])
	}
	d.sampled = max((len(moments)+room-1)/max(room, 1), 1)
	for row := range d.names {
		var line strings.Builder
		for column, moment := range moments {
			if column%d.sampled == 0 || column == len(moments)-1 {
				line.WriteRune(moment[row])
			}
		}
		d.rows = append(d.rows, line.String())
	}
	return d
}

// lines writes the drawing; paint colours one character.
func (d drawing) lines(paint func(rune) string) (lines []string) {
	if len(d.rows) == 0 || len(d.rows[0]) < 2 {
		return nil
	}
	width := len(d.names[len(d.names)-1])
	for index, name := range d.names {
		var line strings.Builder
		fmt.Fprintf(&line, "%-*s  ", width, name)
		for _, moment := range d.rows[index] {
			line.WriteString(paint(moment))
		}
		lines = append(lines, line.String())
	}
	if d.hidden > 0 {
		lines = append(lines, fmt.Sprintf("(%d more pods)", d.hidden))
	}
	legend := "# Ready, newest revision  = Ready, older revision  o not Ready yet  x stopping  . absent"
	if strings.ContainsRune(strings.Join(d.rows, ""), broken) {
		legend += "  ! broken"
	}
	if d.sampled > 1 {
		lines = append(lines, fmt.Sprintf("(one column for %d moments)", d.sampled))
	}
	return append(lines, legend)
}
