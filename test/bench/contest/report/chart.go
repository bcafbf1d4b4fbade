package report

import (
	"fmt"

	"github.com/stateward/stateward/test/bench/chart"
	"github.com/stateward/stateward/test/bench/contest/measure"
)

// Chart is an SVG with a line for each contestant: the median time of a creation that is allowed, by the object's size.
func Chart(results Results) []byte {
	drawn := chart.Chart{
		Title: "Time for one creation over TLS, by the size of the object",
		Note:  "Medians, one connection, both axes logarithmic; only the distances within the chart count.",
		X:     func(value float64) string { return fmt.Sprintf("%g KiB", value) },
		Y:     func(value float64) string { return fmt.Sprintf("%g ms", value) },
	}
	for _, name := range results.Contestants {
		line := chart.Series{Name: name}
		for _, row := range results.Kinds {
			if row.Chart {
				line.Points = append(line.Points, chart.Point{X: float64(row.KiB), Y: measure.Of(row.Samples[name], middle).Median})
			}
		}
		drawn.Series = append(drawn.Series, line)
	}
	return drawn.SVG()
}
