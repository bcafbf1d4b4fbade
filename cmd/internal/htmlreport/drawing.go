package htmlreport

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/stateward/stateward/cmd/internal/headline"
	"github.com/stateward/stateward/cmd/internal/topology"
	"github.com/stateward/stateward/policies"
)

// Sizes in CSS pixels.
const (
	boxWidth, boxHeight = 196, 40
	columnWidth         = boxWidth + 36
	rowHeight           = boxHeight + 14
	// top is the room for the names of the columns, edge that for badges and lines at the border.
	top, edge = 30, 12
	badge     = 18
)

const (
	// mostLines is how many lines of pods and claims a drawing has.
	mostLines = 8
	// mostBadges is how many findings a box shows by number.
	mostBadges = 4
	// longestName is how many characters of a name fit into a box.
	longestName = 24
)

// drawing is an SVG drawing of a set and its parts.
type drawing struct {
	Width, Height int
	// Name and Label say in words what is drawn.
	Name, Label string
	Captions    []caption
	Lines       []string
	Boxes       []*box
	// Note says what is left out.
	Note string
}

type caption struct {
	X    int
	Text string
}

// box is a part, with the findings about it.
type box struct {
	X, Y                int
	Name, Detail, Title string
	State               topology.State
	Badges              []mark
}

// mark is the number of a finding at a box.
type mark struct {
	X, Y  int
	Level policies.Level
	Text  string
	// Radius distinguishes levels without colours.
	Radius int
}

// draw draws a set with the findings of its home.
func draw(one *object) *drawing {
	set := one.set
	marks := marksOf(one)
	made := &drawing{}
	left := edge
	own := made.box(left, top, topology.Part{Kind: "StatefulSet", Name: set.Name, Detail: set.Detail, State: topology.Exists}, marks.set)
	if set.Service != nil {
		own.Y += rowHeight
		service := made.box(left, top, *set.Service, marks.of(*set.Service))
		made.join(service.X+boxWidth/2, service.Y+boxHeight, own.X+boxWidth/2, own.Y)
	}
	below := own
	for _, budget := range budgetsOf(set, marks) {
		next := made.box(left, below.Y+rowHeight, budget, marks.of(budget))
		made.join(below.X+boxWidth/2, below.Y+boxHeight, next.X+boxWidth/2, next.Y)
		below = next
	}
	made.Captions = []caption{{left, "set"}}
	shown, hidden := choose(set.Pods, marks)
	made.pods(own, shown, marks)
	if hidden += set.More; hidden > 0 {
		made.Note = headline.Number(hidden, "more pod") + " not drawn."
	}
	made.finish(one)
	return made
}

// pods draws a line for each claim.
func (d *drawing) pods(set *box, pods []topology.Pod, marks marks) {
	y := top
	for _, pod := range pods {
		at := d.box(edge+columnWidth, y, pod.Part, marks.of(pod.Part))
		d.elbow(set, at)
		for _, claim := range pod.Claims {
			next := d.box(edge+2*columnWidth, y, claim.Part, marks.of(claim.Part))
			d.elbow(at, next)
			if claim.Volume != nil {
				d.elbow(next, d.box(edge+3*columnWidth, y, *claim.Volume, marks.of(*claim.Volume)))
			}
			y += rowHeight
		}
		if len(pod.Claims) == 0 {
			y += rowHeight
		}
	}
}

// finish measures the drawing, and names what is in it.
func (d *drawing) finish(one *object) {
	names := []string{"", "pods", "claims", "volumes"}
	for _, each := range d.Boxes {
		d.Width, d.Height = max(d.Width, each.X+boxWidth+edge), max(d.Height, each.Y+boxHeight+edge)
		column := (each.X - edge) / columnWidth
		if column >= len(d.Captions) {
			d.Captions = append(d.Captions, caption{each.X, names[column]})
		}
	}
	d.Name = "Drawing of " + one.Reference.Name
	d.Label = fmt.Sprintf("StatefulSet %s with its parts. Each number is a finding in the list below.", one.Reference.Name)
}

// box adds a part.
func (d *drawing) box(x, y int, part topology.Part, found []*listed) *box {
	made := &box{X: x, Y: y, Name: shortened(part.Name, longestName), State: part.State, Title: part.Kind + " " + part.Name}
	made.Detail = shortKind(part.Kind)
	if part.Detail != "" {
		made.Detail += " · " + part.Detail
	}
	made.Detail = shortened(made.Detail, longestName+2)
	if part.Detail != "" {
		made.Title += ": " + part.Detail
	}
	made.Badges = badgesOf(found)
	d.Boxes = append(d.Boxes, made)
	return made
}

// Place returns the badges at the upper border of the box.
func (b *box) Place() []mark {
	placed := slices.Clone(b.Badges)
	for index := range placed {
		placed[index].X = b.X + boxWidth - 8 - (len(placed)-index)*(badge+3)
		placed[index].Y = b.Y - badge/2
	}
	return placed
}

func badgesOf(found []*listed) (badges []mark) {
	for index, each := range found {
		if index == mostBadges-1 && len(found) > mostBadges {
			return append(badges, mark{Level: each.Level, Text: "+" + strconv.Itoa(len(found)-index), Radius: radiusOf(each.Level)})
		}
		badges = append(badges, mark{Level: each.Level, Text: strconv.Itoa(each.Number), Radius: radiusOf(each.Level)})
	}
	return badges
}

func radiusOf(level policies.Level) int {
	if level == policies.Deny {
		return 3
	}
	return badge / 2
}

func (d *drawing) join(x1, y1, x2, y2 int) {
	d.Lines = append(d.Lines, fmt.Sprintf("M%d %dL%d %d", x1, y1, x2, y2))
}

// elbow leads from the right of a box to the left of another.
func (d *drawing) elbow(from, to *box) {
	x, y := from.X+boxWidth, from.Y+boxHeight/2
	d.Lines = append(d.Lines, fmt.Sprintf("M%d %dH%dV%dH%d", x, y, x+(columnWidth-boxWidth)/2, to.Y+boxHeight/2, to.X))
}

func shortKind(kind string) string {
	switch kind {
	case "PersistentVolumeClaim":
		return "claim"
	case "PersistentVolume":
		return "volume"
	case "PodDisruptionBudget":
		return "budget"
	case "Pod":
		return "pod"
	default:
		return kind
	}
}

// shortened keeps both ends of a name: the last characters are the ordinal.
func shortened(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	end := most / 3
	return string(runes[:most-end-1]) + "…" + string(runes[len(runes)-end:])
}
