package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/stateward/stateward/test/bench/contest/measure"
)

// The chart's size, and its margins, in pixels.
const (
	width, height             = 860, 470
	left, right, top, below   = 70, 250, 50, 60
	plotWidth, plotHeight     = width - left - right, height - top - below
	leastMillis, leastKiBytes = 0.01, 1.5
)

// Chart is an SVG with a line for each contestant: the median time of a creation that is allowed, by the object's size. Both
// axes are logarithmic.
func Chart(results Results) []byte {
	rows := charted(results)
	most := leastMillis
	for _, row := range rows {
		for _, name := range results.Contestants {
			most = max(most, measure.Of(row.Samples[name], middle).Median)
		}
	}
	axes := axes{most: math.Pow(10, math.Ceil(math.Log10(most))), largest: 700}
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n", width, height)
	fmt.Fprintf(&svg, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	fmt.Fprintf(&svg, `<text x="%d" y="24" font-size="16">Time for one creation over TLS, by the size of the object</text>`+"\n", left)
	axes.draw(&svg, rows)
	for index, name := range results.Contestants {
		axes.line(&svg, rows, index, name)
	}
	svg.WriteString("</svg>\n")
	return []byte(svg.String())
}

func charted(results Results) (rows []*Row) {
	for _, row := range results.Kinds {
		if row.Chart {
			rows = append(rows, row)
		}
	}
	return rows
}

// axes place what is measured.
type axes struct{ most, largest float64 }

func (a axes) x(kib int) float64 {
	return left + plotWidth*math.Log(float64(kib)/leastKiBytes)/math.Log(a.largest/leastKiBytes)
}

func (a axes) y(millis float64) float64 {
	return top + plotHeight*(1-math.Log(millis/leastMillis)/math.Log(a.most/leastMillis))
}

func (a axes) draw(svg *strings.Builder, rows []*Row) {
	for millis := leastMillis; millis <= a.most*1.001; millis *= 10 {
		y := a.y(millis)
		fmt.Fprintf(svg, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/>`+"\n", left, left+plotWidth, y, y)
		fmt.Fprintf(svg, `<text x="%d" y="%.1f" text-anchor="end">%g ms</text>`+"\n", left-8, y+4, roundTo(millis))
	}
	for _, row := range rows {
		x := a.x(row.KiB)
		fmt.Fprintf(svg, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#eee"/>`+"\n", x, x, top, top+plotHeight)
		fmt.Fprintf(svg, `<text x="%.1f" y="%d" text-anchor="middle">%d KiB</text>`+"\n", x, top+plotHeight+20, row.KiB)
	}
	fmt.Fprintf(svg, `<text x="%d" y="%d" text-anchor="middle">Medians, one connection, both axes logarithmic; only the distances within the chart count.</text>`+"\n",
		left+plotWidth/2, height-14)
}

// roundTo takes away what multiplying left behind.
func roundTo(value float64) float64 { return math.Round(value*1e6) / 1e6 }

// colour is one of those that are told apart by people who see fewer of them. Source: Okabe and Ito, Color Universal Design.
func colour(index int) string {
	colours := []string{"#777777", "#56B4E9", "#0072B2", "#009E73", "#E69F00", "#D55E00", "#CC79A7"}
	return colours[index%len(colours)]
}

func (a axes) line(svg *strings.Builder, rows []*Row, index int, name string) {
	var points []string
	for _, row := range rows {
		points = append(points, fmt.Sprintf("%.1f,%.1f", a.x(row.KiB), a.y(max(leastMillis, measure.Of(row.Samples[name], middle).Median))))
	}
	fmt.Fprintf(svg, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2.5"/>`+"\n", strings.Join(points, " "), colour(index))
	for _, point := range points {
		x, y, _ := strings.Cut(point, ",")
		fmt.Fprintf(svg, `<circle cx="%s" cy="%s" r="3.5" fill="%s"/>`+"\n", x, y, colour(index))
	}
	y := top + 10 + 24*index
	fmt.Fprintf(svg, `<rect x="%d" y="%d" width="14" height="14" fill="%s"/>`+"\n", left+plotWidth+20, y, colour(index))
	fmt.Fprintf(svg, `<text x="%d" y="%d">%s</text>`+"\n", left+plotWidth+42, y+12, name)
}
