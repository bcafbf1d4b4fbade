package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"
)

const mebibyte = 1 << 20

// results are what was measured.
type results struct {
	count, replicas int
	command         once
	background      behind
}

// once is what one run of `stateward audit` took.
type once struct {
	wall, processor time.Duration
	// memory is the most that was resident, in bytes.
	memory float64
	// requests are those that the API server answered meanwhile.
	requests float64
}

// behind is what the audit of a replica took.
type behind struct {
	// wall is the time from the first findings to the end of the first pass, pass what the replica says of it.
	wall, pass time.Duration
	// processor is the time of the whole process meanwhile, processorBeside that of a replica that does not audit, and idle the
	// processor time a second once it was over.
	processor, processorBeside time.Duration
	idle                       float64
	findings, reports          float64
	// seen is the longest time from a change to a finding about it.
	seen time.Duration
	// memory is the most that was resident, in bytes, and beside that of a replica that does not audit.
	memory, beside float64
}

// String is the page in Markdown.
func (r results) String() string {
	var page strings.Builder
	fmt.Fprintf(&page, "# Audits of a large cluster\n\nWritten by `make bench-audit`: %d StatefulSets in namespaces of 100, each with a Service, %d pod and %d claim for each replica, in a\nreal API server; %s. The controllers are stopped.\n",
		r.count, r.replicas, r.replicas, runtime.Version())
	fmt.Fprintf(&page, "\n| `stateward audit -A` | |\n|---|---:|\n")
	fmt.Fprintf(&page, "| time | %s |\n| processor time | %s |\n| most memory resident | %.0f MiB |\n| requests to the API server | %.0f |\n",
		r.command.wall.Round(100*time.Millisecond), r.command.processor.Round(100*time.Millisecond), r.command.memory/mebibyte, r.command.requests)
	b := r.background
	fmt.Fprintf(&page, "\n| `stateward serve --audit` | |\n|---|---:|\n")
	fmt.Fprintf(&page, "| time of the first pass | %s |\n| processor time of the process from its first findings on, in percent of one processor | %s, %.1f %% |\n",
		b.pass.Round(time.Second), b.processor.Round(100*time.Millisecond), b.percent(b.processor))
	fmt.Fprintf(&page, "| processor time of a replica that does not audit, meanwhile | %s, %.1f %% |\n",
		b.processorBeside.Round(100*time.Millisecond), b.percent(b.processorBeside))
	fmt.Fprintf(&page, "| findings, and reports written | %.0f, %.0f |\n| processor time while nothing changes, in percent of one processor | %.1f %% |\n", b.findings, b.reports, 100*b.idle)
	fmt.Fprintf(&page, "| longest time from a change to its finding, of %d | %s |\n", changes, b.seen.Round(100*time.Millisecond))
	fmt.Fprintf(&page, "| most memory resident, and of a replica that does not audit | %.0f MiB, %.0f MiB |\n", b.memory/mebibyte, b.beside/mebibyte)
	return page.String()
}

// percent is a processor time during the pass in percent of one processor.
func (b behind) percent(processor time.Duration) float64 {
	return 100 * processor.Seconds() / b.wall.Seconds()
}
