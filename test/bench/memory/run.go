package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stateward/stateward/test/bench/filler"
	"github.com/stateward/stateward/test/bench/usage"
	"github.com/stateward/stateward/test/environment"
)

// collectors are the values of GOGC that are tried; without one it is up to the process.
func collectors() []string { return []string{"", "100", "200"} }

// run fills the cluster step by step and writes what it measures into a file.
func run(ctx context.Context, steps string, replicas int, file string) error {
	counts, err := parseSteps(steps)
	if err != nil {
		return err
	}
	variables, err := settings()
	if err != nil {
		return err
	}
	guarded, err := environment.Start(ctx, environment.Options{Out: os.Stderr})
	if err != nil {
		return err
	}
	defer guarded.Stop()
	// Nothing but this changes anything then.
	for _, name := range []string{"kube-controller-manager", "kube-scheduler"} {
		guarded.Process(name).Stop()
	}
	filled, err := filler.New(guarded, replicas)
	if err != nil {
		return err
	}
	page := &results{variables: variables, replicas: replicas}
	if err := page.fill(ctx, guarded, filled, counts); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(page.String()), 0o644)
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

// fill measures beside nothing, and then beside so many StatefulSets.
func (r *results) fill(ctx context.Context, guarded *environment.Environment, filled *filler.Filler, counts []int) error {
	from := 0
	for _, count := range counts {
		if err := guarded.Restart(ctx, r.variables...); err != nil {
			return err
		}
		before, err := measure(ctx, guarded)
		if err != nil {
			return err
		}
		if from == 0 {
			r.idle = before
			if r.idle.atRest, err = atRest(ctx, guarded); err != nil {
				return err
			}
		}
		if err := r.step(ctx, guarded, filled, before, from, count); err != nil {
			return err
		}
		if err := r.compare(ctx, guarded, count); err != nil {
			return err
		}
		from = count
	}
	return nil
}

// step goes on until there are so many StatefulSets with all that belongs to them.
func (r *results) step(ctx context.Context, guarded *environment.Environment, filled *filler.Filler, before sample, from, count int) (err error) {
	if err := filled.Prepare(ctx, from, count); err != nil {
		return err
	}
	made := step{count: count, slopes: map[string]float64{}}
	for _, kind := range filled.Kinds() {
		if err := filled.Fill(ctx, kind, from, count); err != nil {
			return err
		}
		measured, err := measure(ctx, guarded)
		if err != nil {
			return err
		}
		objects := (count - from) * kind.Each
		made.slopes[kind.Name] = (measured.live - before.live) / float64(objects)
		fmt.Fprintf(os.Stderr, "%d StatefulSets: %d of %s created, %.0f bytes each\n", count, objects, kind.Name, made.slopes[kind.Name])
		before = measured
	}
	made.after = before
	if made.after.atRest, err = atRest(ctx, guarded); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d StatefulSets: %.0f MiB resident, %.0f its own, %.0f live heap\n",
		count, before.resident/mebibyte, before.own/mebibyte, before.live/mebibyte)
	r.steps = append(r.steps, made)
	return nil
}

// compare starts the process again with each of the collectors, beside what is there, and has it evaluate updates.
func (r *results) compare(ctx context.Context, guarded *environment.Environment, count int) error {
	for _, collector := range collectors() {
		ready, err := restarted(ctx, guarded, append(slices.Clone(r.variables), "GOGC="+collector)...)
		if err != nil {
			return err
		}
		made, err := evaluate(ctx, guarded, count)
		if err != nil {
			return err
		}
		made.collector, made.ready = collector, ready
		fmt.Fprintf(os.Stderr, "%d StatefulSets, GOGC=%s: %.0f MiB resident, at most %.0f, %.2f s for the updates\n",
			count, collector, made.found.resident/mebibyte, made.peak/mebibyte, made.processor)
		r.restarts = append(r.restarts, made)
	}
	return nil
}

// restarted starts the process again and returns how long it takes until it is ready, which includes its caches.
func restarted(ctx context.Context, guarded *environment.Environment, variables ...string) (ready time.Duration, err error) {
	guarded.Stateward.Stop()
	begun, done := time.Now(), make(chan error, 1)
	go func() { done <- guarded.Restart(ctx, variables...) }()
	for ready == 0 {
		select {
		case err := <-done:
			// It says more than that the process is ready.
			return time.Since(begun), err
		case <-time.After(10 * time.Millisecond):
		}
		if guarded.Ready(ctx) == nil {
			ready = time.Since(begun)
		}
	}
	return ready, <-done
}

// evaluate measures a process before and after the updates.
func evaluate(ctx context.Context, guarded *environment.Environment, count int) (made restart, err error) {
	made.count = count
	if made.found, err = measure(ctx, guarded); err != nil {
		return made, err
	}
	began, err := usage.Metrics(ctx, guarded.Metrics, processorTime, liveHeap)
	if err != nil {
		return made, err
	}
	if err := ask(ctx, guarded, count); err != nil {
		return made, err
	}
	ended, err := usage.Metrics(ctx, guarded.Metrics, processorTime, liveHeap)
	if err != nil {
		return made, err
	}
	made.live, made.processor = ended[liveHeap], ended[processorTime]-began[processorTime]
	made.peak, err = usage.InStatus(guarded.Stateward.PID(), "VmHWM")
	return made, err
}
