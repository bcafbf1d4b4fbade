package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/test/bench/chart"
)

// study is how the time grows with one thing.
type study struct {
	name, title string
	// unit is what X counts.
	unit   string
	series []series
}

// series is one way in which it grows.
type series struct {
	name   string
	points []*point
}

// point is a decision at one size.
type point struct {
	size    int
	engine  *engine.Engine
	request engine.Request
	inv     inventory.Inventory
	// times are microseconds for a decision, one for each round.
	times []float64
}

func (s study) points() (count int) {
	for _, each := range s.series {
		count += len(each.points)
	}
	return count
}

// measure takes all points in turn, round after round.
func (s study) measure(ctx context.Context, rounds int, span time.Duration) error {
	for round := range rounds + 1 {
		for _, each := range s.series {
			for _, point := range each.points {
				took, err := point.measure(ctx, span)
				if err != nil {
					return fmt.Errorf("%s, %s at %d: %w", s.title, each.name, point.size, err)
				}
				// The first round warms up.
				if round > 0 {
					point.times = append(point.times, took)
				}
			}
		}
		fmt.Fprint(os.Stderr, ".")
	}
	fmt.Fprintln(os.Stderr)
	return nil
}

func (p *point) measure(ctx context.Context, span time.Duration) (micros float64, err error) {
	runtime.GC()
	begun, decisions := time.Now(), 0
	for time.Since(begun) < span {
		if _, err := p.engine.Decide(ctx, p.request, p.inv); err != nil {
			return 0, err
		}
		decisions++
	}
	return float64(time.Since(begun).Microseconds()) / float64(decisions), ctx.Err()
}

func (p *point) median() float64 {
	sorted := slices.Sorted(slices.Values(p.times))
	return sorted[len(sorted)/2]
}

func (s study) chart() chart.Chart {
	drawn := chart.Chart{
		Title: s.title,
		Note:  "Medians, both axes logarithmic; only the shapes count.",
		X:     func(value float64) string { return fmt.Sprintf("%g%s", value, s.unit) },
		Y:     func(value float64) string { return fmt.Sprintf("%g µs", value) },
	}
	for _, each := range s.series {
		line := chart.Series{Name: each.name}
		for _, point := range each.points {
			line.Points = append(line.Points, chart.Point{X: float64(point.size), Y: point.median()})
		}
		drawn.Series = append(drawn.Series, line)
	}
	return drawn
}

// results is the page of all studies.
func results(studies []study, rounds int, span time.Duration) []byte {
	var page strings.Builder
	fmt.Fprintf(&page, "# How the time of a decision grows\n\nWritten by `make bench-growth`: medians of %d rounds of %s for each point, in process, %s. Only the ratios count.\n",
		rounds, span, runtime.Version())
	for _, study := range studies {
		fmt.Fprintf(&page, "\n## %s\n\n![%s](%s.svg)\n", study.title, study.title, study.name)
		for _, series := range study.series {
			fmt.Fprintf(&page, "\n| %s | µs | times the first |\n|---|---:|---:|\n", series.name)
			for _, point := range series.points {
				fmt.Fprintf(&page, "| %d%s | %.0f | %.2f |\n", point.size, study.unit, point.median(), point.median()/series.points[0].median())
			}
		}
	}
	return []byte(page.String())
}
