package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
)

const (
	// collections must have ended since something was created before it is measured: the first may have begun earlier.
	collections = 2
	// patience is as long as Go lets two collections wait for each other, twice.
	patience = 4 * time.Minute
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
}

// measure reads the metrics until what was created before is counted.
func measure(ctx context.Context, guarded *environment.Environment) (sample, error) {
	var measured sample
	var first float64
	for start := time.Now(); time.Since(start) < patience; {
		gauges, err := read(ctx, guarded.Metrics)
		if err != nil {
			return measured, err
		}
		if first == 0 {
			first = gauges[collected]
		}
		measured.live = gauges[liveHeap]
		own, err := inStatus(guarded.Stateward.PID(), "RssAnon")
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

// inStatus reads an amount of memory of a process, in bytes. Source: proc_pid_status(5).
func inStatus(pid int, name string) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read memory of the process: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if amount, ok := strings.CutPrefix(line, name+":"); ok {
			kibibytes, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(amount), "kB")), 64)
			return kibibytes * 1024, err
		}
	}
	return 0, fmt.Errorf("read memory of process %d: the kernel does not tell %s", pid, name)
}

// read reads the metrics that are gauges or counters without labels.
func read(ctx context.Context, address string) (map[string]float64, error) {
	page, err := cluster.Get(ctx, http.DefaultClient, address+"/metrics")
	if err != nil {
		return nil, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(page))
	if err != nil {
		return nil, err
	}
	values := map[string]float64{}
	for _, name := range []string{collected, liveHeap, residentNow, processorTime} {
		if families[name] == nil {
			return nil, fmt.Errorf("read metrics: there is no %s", name)
		}
		metric := families[name].GetMetric()[0]
		values[name] = metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
	}
	return values, nil
}
