package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// sample is what a process took while it was asked.
type sample struct {
	wall time.Duration
	// processor is in seconds, of all processors together.
	processor float64
	// asked are the requests that it answered, records those decisions that it recorded or dropped.
	asked, records float64
}

// percent is the processor time in percent of one processor.
func (s sample) percent() float64 { return 100 * s.processor / s.wall.Seconds() }

// pair is a measurement with the log off and one with it on, one after the other.
type pair struct{ off, on sample }

func (p pair) String() string {
	return fmt.Sprintf("%.1f %% with the log off, %.1f %% with it on, %.0f requests a second", p.off.percent(), p.on.percent(), p.rate())
}

// cost is what the log took, in percent of one processor.
func (p pair) cost() float64 { return p.on.percent() - p.off.percent() }

// rate is how many requests a second were answered with the log on.
func (p pair) rate() float64 { return p.on.asked / p.on.wall.Seconds() }

// row is all that was measured of one kind of request.
type row struct {
	name  string
	pairs []pair
}

type results struct {
	plan
	rows []row
}

// String is the page in Markdown.
func (r results) String() string {
	var page strings.Builder
	fmt.Fprintf(&page, "# What the decision log costs\n\nWritten by `make bench-decision-log`: an API server asks one replica %d times a second about dry runs; %s. Each\nkind of request is "+
		"measured for %s with the log off and as long with `mode: All`, in turn, %d times; the median, with the\nleast and the most. "+
		"There are %d StatefulSets with a Service, %d pods and %d claims each; the controllers are stopped.\n\n", r.rate, runtime.Version(), r.span, r.rounds, sets, replicas, replicas)
	page.WriteString("| request | answered a second | log off, % of one processor | `mode: All` | the log |\n|---|---:|---:|---:|---:|\n")
	for _, each := range r.rows {
		fmt.Fprintf(&page, "| %s | %.0f | %s | %s | %s |\n", each.name, median(each.of(pair.rate)),
			spread(each.of(func(p pair) float64 { return p.off.percent() })), spread(each.of(func(p pair) float64 { return p.on.percent() })), spread(each.of(pair.cost)))
	}
	return page.String()
}

func (r row) of(value func(pair) float64) []float64 {
	values := make([]float64, len(r.pairs))
	for i, each := range r.pairs {
		values[i] = value(each)
	}
	slices.Sort(values)
	return values
}

// spread is the median of sorted values with the least and the most.
func spread(sorted []float64) string {
	return fmt.Sprintf("%.1f (%.1f to %.1f)", median(sorted), sorted[0], sorted[len(sorted)-1])
}

func median(sorted []float64) float64 { return sorted[len(sorted)/2] }
