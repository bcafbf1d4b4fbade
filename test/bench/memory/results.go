package main

import (
	"cmp"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// results are what was measured so far.
type results struct {
	variables []string
	replicas  int
	idle      sample
	steps     []step
	restarts  []restart
}

// step is what was measured beside so many StatefulSets.
type step struct {
	count int
	after sample
	// slopes are the bytes of heap for each object of a kind, by the kind's name.
	slopes map[string]float64
}

// restart is a process that finds so many StatefulSets there when it starts, and then evaluates updates.
type restart struct {
	count int
	// collector is the value of GOGC.
	collector string
	// ready is how long it took from the start until it was ready, with all objects in its caches.
	ready time.Duration
	// found is what it takes before the first update.
	found sample
	// live is the heap in use, in bytes, and peak the most that was ever resident.
	live, peak float64
	// processor is the time that the updates took, in seconds.
	processor float64
}

// String is the page in Markdown.
func (r *results) String() string {
	var page strings.Builder
	fmt.Fprintf(&page, "# The memory beside a cluster\n\nWritten by `make bench-memory`: StatefulSets with a Service, %d running pods and %d claims each, in a real API server; %s, with %s as in the\n[Deployment](../../../manifests/base/deployment.yaml). ",
		r.replicas, r.replicas, runtime.Version(), strings.Join(r.variables, " and "))
	fmt.Fprintf(&page, "At rest is the most that was resident while nothing was asked for %s,\nbusy the most since the objects were created, while the metrics were read through two collections of garbage. Its own is the part of that\nwhich is not the program's file, of which the kernel keeps as much as it likes.\n", resting)
	fmt.Fprintf(&page, "\n| StatefulSets | objects | at rest MiB | busy MiB | its own MiB | live heap MiB | heap for each StatefulSet, bytes |\n|---:|---:|---:|---:|---:|---:|---:|\n")
	row(&page, "0", 0, r.idle, "")
	for _, each := range r.steps {
		slope := fmt.Sprintf("%.0f", (each.after.live-r.idle.live)/float64(each.count))
		row(&page, strconv.Itoa(each.count), each.count*(2+2*r.replicas), each.after, slope)
	}
	fmt.Fprintf(&page, "\n## Each kind\n\nThe kinds are created one after the other: bytes of live heap for each object, with the indexes.\n\n| up to StatefulSets | Service | StatefulSet | PersistentVolumeClaim | Pod |\n|---:|---:|---:|---:|---:|\n")
	for _, each := range r.steps {
		fmt.Fprintf(&page, "| %d | %.0f | %.0f | %.0f | %.0f |\n",
			each.count, each.slopes["Service"], each.slopes["StatefulSet"], each.slopes["PersistentVolumeClaim"], each.slopes["Pod"])
	}
	fmt.Fprintf(&page, "\n## How often garbage is collected\n\nA process that starts beside so many StatefulSets, and then judges %d updates of them. Only the ratios of the times count.\n\n", updates)
	fmt.Fprintf(&page, "| StatefulSets | GOGC | start to ready, s | resident MiB before | at most, ever | live heap MiB in the end | processor time of an update, ms |\n|---:|---|---:|---:|---:|---:|---:|\n")
	for _, each := range r.restarts {
		fmt.Fprintf(&page, "| %d | %s | %.1f | %.0f | %.0f | %.0f | %.2f |\n", each.count, cmp.Or(each.collector, "by Stateward"), each.ready.Seconds(),
			each.found.resident/mebibyte, each.peak/mebibyte, each.live/mebibyte, each.processor*1000/updates)
	}
	return page.String()
}

func row(page *strings.Builder, count string, objects int, measured sample, slope string) {
	fmt.Fprintf(page, "| %s | %d | %.0f | %.0f | %.0f | %.0f | %s |\n",
		count, objects, measured.atRest/mebibyte, measured.resident/mebibyte, measured.own/mebibyte, measured.live/mebibyte, slope)
}
