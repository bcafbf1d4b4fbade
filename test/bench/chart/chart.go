// Package chart draws lines over two logarithmic axes, as SVG.
package chart

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// Chart is a set of lines. Both axes are logarithmic, so all X and Y are above 0.
type Chart struct {
	Title string
	// Note is below the axis.
	Note   string
	Series []Series
	// X and Y write a value of their axis. There is a mark for each X that a line has, and for each power of ten of Y.
	X, Y func(float64) string
}

// Series is one line.
type Series struct {
	Name   string
	Points []Point
}

// Point is one measurement.
type Point struct{ X, Y float64 }

// The chart's size and margins, in pixels.
const (
	width, height            = 860, 470
	left, right, top, bottom = 70, 250, 50, 60
	plotWidth, plotHeight    = width - left - right, height - top - bottom
)

// SVG draws the chart.
func (c Chart) SVG() []byte {
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n", width, height)
	fmt.Fprintf(&svg, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	fmt.Fprintf(&svg, `<text x="%d" y="24" font-size="16">%s</text>`+"\n", left, html.EscapeString(c.Title))
	axes := c.axes()
	c.marks(&svg, axes)
	for index, series := range c.Series {
		line(&svg, axes, series, index)
	}
	fmt.Fprintf(&svg, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", left+plotWidth/2, height-14, html.EscapeString(c.Note))
	svg.WriteString("</svg>\n")
	return []byte(svg.String())
}

// axes are the least and the most that they show.
type axes struct{ leastX, mostX, leastY, mostY float64 }

func (c Chart) axes() axes {
	found := axes{math.Inf(1), 0, math.Inf(1), 0}
	for _, series := range c.Series {
		for _, point := range series.Points {
			found.leastX, found.mostX = min(found.leastX, point.X), max(found.mostX, point.X)
			found.leastY, found.mostY = min(found.leastY, point.Y), max(found.mostY, point.Y)
		}
	}
	// A little room on either side, and whole powers of ten above and below.
	found.leastX, found.mostX = found.leastX/1.2, found.mostX*1.2
	found.leastY = math.Pow(10, math.Floor(math.Log10(found.leastY)))
	// Also where all that was measured is one power of ten.
	found.mostY = max(math.Pow(10, math.Ceil(math.Log10(found.mostY))), 10*found.leastY)
	return found
}

func (a axes) x(value float64) float64 {
	return left + plotWidth*math.Log(value/a.leastX)/math.Log(a.mostX/a.leastX)
}

func (a axes) y(value float64) float64 {
	return top + plotHeight*(1-math.Log(value/a.leastY)/math.Log(a.mostY/a.leastY))
}

func (c Chart) marks(svg *strings.Builder, axes axes) {
	for value := axes.leastY; value <= axes.mostY*1.001; value *= 10 {
		y := axes.y(value)
		fmt.Fprintf(svg, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/>`+"\n", left, left+plotWidth, y, y)
		// What multiplying left behind is rounded away.
		fmt.Fprintf(svg, `<text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", left-8, y+4, html.EscapeString(c.Y(math.Round(value*1e6)/1e6)))
	}
	for _, value := range c.values() {
		x := axes.x(value)
		fmt.Fprintf(svg, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#eee"/>`+"\n", x, x, top, top+plotHeight)
		fmt.Fprintf(svg, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x, top+plotHeight+20, html.EscapeString(c.X(value)))
	}
}

// values are the X that lines have.
func (c Chart) values() (values []float64) {
	for _, series := range c.Series {
		for _, point := range series.Points {
			values = append(values, point.X)
		}
	}
	slices.Sort(values)
	return slices.Compact(values)
}

func line(svg *strings.Builder, axes axes, series Series, index int) {
	points := make([]string, 0, len(series.Points))
	for _, point := range series.Points {
		points = append(points, fmt.Sprintf("%.1f,%.1f", axes.x(point.X), axes.y(point.Y)))
	}
	fmt.Fprintf(svg, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2.5"/>`+"\n", strings.Join(points, " "), colour(index))
	for _, point := range points {
		x, y, _ := strings.Cut(point, ",")
		fmt.Fprintf(svg, `<circle cx="%s" cy="%s" r="3.5" fill="%s"/>`+"\n", x, y, colour(index))
	}
	y := top + 10 + 24*index
	fmt.Fprintf(svg, `<rect x="%d" y="%d" width="14" height="14" fill="%s"/>`+"\n", left+plotWidth+20, y, colour(index))
	fmt.Fprintf(svg, `<text x="%d" y="%d">%s</text>`+"\n", left+plotWidth+42, y+12, html.EscapeString(series.Name))
}

// colour is one of those that are told apart by people who see fewer of them. Source: Okabe and Ito, Color Universal Design.
func colour(index int) string {
	colours := []string{"#777777", "#56B4E9", "#0072B2", "#009E73", "#E69F00", "#D55E00", "#CC79A7"}
	return colours[index%len(colours)]
}
