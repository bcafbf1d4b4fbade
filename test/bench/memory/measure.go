package main

import (
	"context"
	"fmt"
	"time"

	"github.com/stateward/stateward/test/bench/usage"
	"github.com/stateward/stateward/test/environment"
)

const (
	// collections must have ended since something was created before it is measured: the first may have begun earlier.
	collections = 2
	// patience is as long as Go lets two collections wait for each other, twice.
	patience = 4 * time.Minute
	// resting is longer than the two minutes after which Go collects garbage in any case, and settling than a process takes
	// to give back what it needed before.
	resting  = 150 * time.Second
	settling = 30 * time.Second
	mebibyte = 1 << 20
)

// The metrics that are read.
const (
	collected     = "go_gc_cycles_total_gc_cycles_total"
	liveHeap      = "go_gc_heap_live_bytes"
	residentNow   = "process_resident_memory_bytes"
	processorTime = "process_cpu_seconds_total"
)

// sample is the memory of the process, in bytes. The metrics' page is read until the collections are over, which makes
// garbage as requests do: so the heap has been as large as it gets.
type sample struct {
	// resident is the most that was resident, and own what of that is not a part of the program's file.
	resident, own float64
	// live is the heap that was in use at the latest collection.
	live float64
	// atRest is the most that was resident while nothing was asked of the process.
	atRest float64
}

// atRest watches the process, which is asked nothing meanwhile, not even for metrics.
func atRest(ctx context.Context, guarded *environment.Environment) (most float64, err error) {
	for start := time.Now(); time.Since(start) < settling+resting; {
		resident, err := usage.InStatus(guarded.Stateward.PID(), "VmRSS")
		if err != nil {
			return 0, err
		}
		if time.Since(start) > settling {
			most = max(most, resident)
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(time.Second):
		}
	}
	return most, nil
}

// measure reads the metrics until what was created before is counted.
func measure(ctx context.Context, guarded *environment.Environment) (sample, error) {
	var measured sample
	var first float64
	for start := time.Now(); time.Since(start) < patience; {
		gauges, err := usage.Metrics(ctx, guarded.Metrics, collected, liveHeap, residentNow)
		if err != nil {
			return measured, err
		}
		if first == 0 {
			first = gauges[collected]
		}
		measured.live = gauges[liveHeap]
		own, err := usage.InStatus(guarded.Stateward.PID(), "RssAnon")
		if err != nil {
			return measured, err
		}
		measured.own = max(measured.own, own)
		measured.resident = max(measured.resident, gauges[residentNow])
		if gauges[collected] >= first+collections {
			return measured, nil
		}
		select {
		case <-ctx.Done():
			return measured, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return measured, fmt.Errorf("measure memory: the process did not collect its garbage %d times within %s", collections, patience)
}
