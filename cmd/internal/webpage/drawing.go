package webpage

import (
	"fmt"
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// Drawing is an SVG drawing in a frame that a keyboard can scroll. Its size is in CSS pixels.
type Drawing struct {
	Width, Height int
	// Name names the frame and Label what is drawn, for screen readers.
	Name, Label string
	// Caption is a figcaption, or nil.
	Caption g.Node
}

// Of returns the drawing with these elements of SVG.
func (d Drawing) Of(elements ...g.Node) g.Node {
	return h.Figure(h.TabIndex("0"), h.Aria("label", d.Name), Lines(
		h.SVG(g.Attr("xmlns", "http://www.w3.org/2000/svg"), Pixels("width", d.Width), Pixels("height", d.Height),
			g.Attr("viewBox", fmt.Sprintf("0 0 %d %d", d.Width, d.Height)), h.Role("img"), h.Aria("label", d.Label),
			Lines(elements...)),
		d.Caption,
	))
}

// Text is text of SVG at a position, with more attributes.
func Text(class string, x, y int, text string, attributes ...g.Node) g.Node {
	return g.El("text", h.Class(class), Pixels("x", x), Pixels("y", y), g.Group(attributes), g.Text(text))
}

// Rectangle is a rectangle of SVG with round corners, and what else it holds.
func Rectangle(class string, x, y, width, height, radius int, more ...g.Node) g.Node {
	return g.El("rect", g.If(class != "", h.Class(class)), Pixels("x", x), Pixels("y", y), Pixels("width", width), Pixels("height", height),
		Pixels("rx", radius), g.Group(more))
}

// Pixels is an attribute of SVG: a number of CSS pixels.
func Pixels(name string, value int) g.Node { return g.Attr(name, strconv.Itoa(value)) }
