package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/stateward/stateward/test/bench/filler"
	"github.com/stateward/stateward/test/bench/usage"
	"github.com/stateward/stateward/test/environment"
)

// The metrics that are read.
const (
	processorTime = "process_cpu_seconds_total"
	asked         = "stateward_admission_requests_total"
	recorded      = "stateward_decision_log_records_total"
)

const (
	// sets are the StatefulSets that requests are about in turn, each with replicas.
	sets, replicas = 100, 3
	// settling is how long changed Guardrails may take to be in force.
	settling = 3 * time.Second
)

// plan is what to measure.
type plan struct {
	rate, rounds int
	span         time.Duration
}

func run(ctx context.Context, p plan, file string) error {
	guarded, err := environment.Start(ctx, environment.Options{Out: os.Stderr})
	if err != nil {
		return err
	}
	defer guarded.Stop()
	guarded.Process("kube-controller-manager").Stop()
	filled, err := filler.New(guarded, replicas)
	if err != nil {
		return err
	}
	if err := filled.All(ctx, sets, nil); err != nil {
		return err
	}
	asking, err := newClient(guarded)
	if err != nil {
		return err
	}
	made := results{plan: p}
	for _, each := range asking.requests() {
		measured := row{name: each.name}
		for round := range p.rounds {
			taken, err := p.pair(ctx, guarded, each)
			if err != nil {
				return fmt.Errorf("%s: %w", each.name, err)
			}
			fmt.Fprintf(os.Stderr, "%s, round %d of %d: %s\n", each.name, round+1, p.rounds, taken)
			measured.pairs = append(measured.pairs, taken)
		}
		made.rows = append(made.rows, measured)
	}
	return os.WriteFile(file, []byte(made.String()), 0o644)
}

// pair measures one kind of request with the log off, and then with it on.
func (p plan) pair(ctx context.Context, guarded *environment.Environment, each request) (taken pair, err error) {
	if taken.off, err = p.measure(ctx, guarded, each, "Off"); err != nil {
		return taken, err
	}
	if taken.off.records > 0 {
		return taken, fmt.Errorf("%.0f decisions were recorded with the log off", taken.off.records)
	}
	if taken.on, err = p.measure(ctx, guarded, each, "All"); err != nil {
		return taken, err
	}
	if taken.on.records < taken.on.asked {
		return taken, fmt.Errorf("%.0f of %.0f decisions were recorded", taken.on.records, taken.on.asked)
	}
	return taken, nil
}

// measure asks at the rate while the log has this mode.
func (p plan) measure(ctx context.Context, guarded *environment.Environment, each request, mode string) (taken sample, err error) {
	text := fmt.Sprintf(`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","metadata":{"name":"stateward"},"spec":{"decisionLog":{"mode":%q}}}`, mode)
	output, err := guarded.KubectlWithInput(ctx, strings.NewReader(text), "apply", "-f", "-")
	if err != nil {
		return taken, err
	}
	if output.ExitCode != 0 {
		return taken, fmt.Errorf("turn the decision log to %s: %s", mode, output.Stderr)
	}
	if err := wait(ctx, settling); err != nil {
		return taken, err
	}
	before, err := usage.Metrics(ctx, guarded.Metrics, processorTime, asked, recorded)
	if err != nil {
		return taken, err
	}
	begun := time.Now()
	if err := p.ask(ctx, each); err != nil {
		return taken, err
	}
	wall := time.Since(begun)
	// What was recorded last is written beside the requests.
	if err := wait(ctx, time.Second); err != nil {
		return taken, err
	}
	after, err := usage.Metrics(ctx, guarded.Metrics, processorTime, asked, recorded)
	if err != nil {
		return taken, err
	}
	return sample{
		wall: wall, processor: after[processorTime] - before[processorTime],
		asked: after[asked] - before[asked], records: after[recorded] - before[recorded],
	}, nil
}

func wait(ctx context.Context, span time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(span):
		return nil
	}
}
