package chart_test

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/stateward/stateward/test/bench/chart"
)

func TestChartIsWellFormedAndShowsEachSeries(t *testing.T) {
	t.Parallel()
	drawn := string(chart.Chart{
		Title: "a < b",
		Note:  "note",
		X:     func(value float64) string { return fmt.Sprintf("%g KiB", value) },
		Y:     func(value float64) string { return fmt.Sprintf("%g ms", value) },
		Series: []chart.Series{
			{Name: "one & two", Points: []chart.Point{{X: 2, Y: 0.2}, {X: 20, Y: 3}}},
			{Name: "three", Points: []chart.Point{{X: 2, Y: 0.5}}},
		},
	}.SVG())
	if err := xml.Unmarshal([]byte(drawn), new(struct{})); err != nil {
		t.Fatal(err)
	}
	for what, count := range map[string]int{
		"a &lt; b": 1, "one &amp; two": 1, "three": 1, "<polyline": 2, "<circle": 3, ">2 KiB<": 1, ">20 KiB<": 1, ">0.1 ms<": 1, ">1 ms<": 1, ">10 ms<": 1, "NaN": 0,
	} {
		if found := strings.Count(drawn, what); found != count {
			t.Errorf("%s is there %d times, not %d", what, found, count)
		}
	}
}
