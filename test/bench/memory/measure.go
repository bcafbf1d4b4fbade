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

// settling is how long the process gets to read what is new and to give garbage back.
const settling = 30 * time.Second

// sample is the memory of the process, in MiB: what is resident in the end, what of that is the process's own and not a part
// of the program's file, and the least heap that was in use on the way, right after a collection.
type sample struct{ resident, own, heap float64 }

// run fills the cluster step by step and prints a Markdown table.
func run(ctx context.Context, steps string, replicas int) error {
	counts, err := parseSteps(steps)
	if err != nil {
		return err
	}
	guarded, err := environment.Start(ctx, environment.Options{Out: os.Stderr})
	if err != nil {
		return err
	}
	defer guarded.Stop()
	guarded.Process("kube-controller-manager").Stop()
	cluster, err := newFiller(guarded, replicas)
	if err != nil {
		return err
	}
	fmt.Printf("StatefulSets with a Service, %d pods and %d claims each\n\n", replicas, replicas)
	fmt.Println("| StatefulSets | resident MiB | its own MiB | heap MiB | heap KiB for each |\n|---:|---:|---:|---:|---:|")
	var first sample
	for _, count := range append([]int{0}, counts...) {
		if err := cluster.upTo(ctx, count); err != nil {
			return err
		}
		measured, err := measure(ctx, guarded)
		if err != nil {
			return err
		}
		if count == 0 {
			first = measured
		}
		fmt.Printf("| %d | %.0f | %.0f | %.0f | %s |\n", count, measured.resident, measured.own, measured.heap, slope(measured.heap-first.heap, count))
	}
	return nil
}

func slope(mebibytes float64, count int) string {
	if count == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", mebibytes*1024/float64(count))
}

func parseSteps(steps string) (counts []int, err error) {
	for _, word := range strings.Split(steps, ",") {
		count, err := strconv.Atoi(word)
		if err != nil || count < 1 || len(counts) > 0 && count <= counts[len(counts)-1] {
			return nil, fmt.Errorf("-statefulsets: %q is no rising list of numbers, as 1000,10000", steps)
		}
		counts = append(counts, count)
	}
	return counts, nil
}

// measure reads the metrics until the process has settled.
func measure(ctx context.Context, guarded *environment.Environment) (sample, error) {
	var measured sample
	for start := time.Now(); time.Since(start) < settling; {
		select {
		case <-ctx.Done():
			return measured, ctx.Err()
		case <-time.After(time.Second):
		}
		resident, err := gauge(ctx, guarded.Metrics, "process_resident_memory_bytes")
		if err != nil {
			return measured, err
		}
		heap, err := gauge(ctx, guarded.Metrics, "go_memstats_heap_alloc_bytes")
		if err != nil {
			return measured, err
		}
		measured.resident = resident
		if measured.own, err = own(guarded.Process("stateward").PID()); err != nil {
			return measured, err
		}
		if measured.heap == 0 || heap < measured.heap {
			measured.heap = heap
		}
	}
	return measured, nil
}

// own is the memory that a process shares with nobody's file, in MiB. Source: proc_pid_status(5).
func own(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read memory of the process: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if amount, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kibibytes, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(amount), "kB")), 64)
			return kibibytes / 1024, err
		}
	}
	return 0, fmt.Errorf("read memory of process %d: the kernel does not tell RssAnon", pid)
}

// gauge reads one metric of bytes, in MiB.
func gauge(ctx context.Context, address, name string) (float64, error) {
	page, err := cluster.Get(ctx, http.DefaultClient, address+"/metrics")
	if err != nil {
		return 0, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(page))
	if err != nil {
		return 0, err
	}
	if families[name] == nil {
		return 0, fmt.Errorf("read metrics: there is no %s", name)
	}
	return families[name].GetMetric()[0].GetGauge().GetValue() / (1 << 20), nil
}
