package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	typedappsv1 "k8s.io/client-go/kubernetes/typed/apps/v1"

	"github.com/stateward/stateward/test/bench/contest/contestants"
	"github.com/stateward/stateward/test/bench/contest/corpus"
	"github.com/stateward/stateward/test/bench/contest/engines"
	"github.com/stateward/stateward/test/bench/contest/measure"
	"github.com/stateward/stateward/test/bench/contest/report"
)

// field is where the contestants are measured.
type field struct {
	arena   *contestants.Arena
	reviews []*corpus.Review
	options options
	say     func(format string, values ...any)
	// answers to all reviews, by the contestant's slug.
	answers map[string][]bool
	engines []engines.Named
	// api are clients of the main API server; they opened so many connections.
	api    []typedappsv1.AppsV1Interface
	dialed atomic.Int64
}

// cell is one thing that is measured of each contestant in each round.
type cell struct {
	row         *report.Row
	connections int
	plan        measure.Plan
	// chooses picks the reviews; nil means all.
	chooses func(*corpus.Review) bool
	hot     bool
}

// measure fills the results, round by round: in each everything is measured of each contestant in turn.
func (f *field) measure(ctx context.Context, results *report.Results) error {
	for _, contestant := range f.arena.Contestants {
		results.Contestants = append(results.Contestants, contestant.Name)
	}
	results.Inside = &report.Row{What: "all reviews, engines in one process"}
	judges, err := f.judges(ctx)
	if err != nil {
		return fmt.Errorf("put the contestants behind an API server: %w", err)
	}
	cells, behinds := f.cells(results), f.behinds(results)
	for round := range f.options.rounds {
		say := func(what string) { f.say("round %d of %d: %s", round+1, f.options.rounds, what) }
		for _, cell := range cells {
			say(cell.row.What)
			if err := f.askAll(ctx, cell, round); err != nil {
				return err
			}
		}
		say(results.Inside.What)
		if err := f.askEngines(ctx, results.Inside); err != nil {
			return err
		}
		for _, behind := range behinds {
			say(fmt.Sprintf("%s through an API server, %s", behind.row.What, report.Clients(behind.row.Connections)))
			if err := f.sendAll(ctx, judges, behind, round); err != nil {
				return err
			}
		}
	}
	return nil
}

// askAll measures each contestant once. The first one changes with each round.
func (f *field) askAll(ctx context.Context, cell cell, round int) error {
	for index := range f.arena.Contestants {
		contestant := f.arena.Contestants[(index+round)%len(f.arena.Contestants)]
		sample, err := f.sample(ctx, contestant, cell)
		if err != nil {
			return fmt.Errorf("measure %s, %s: %w", contestant.Name, cell.row.What, err)
		}
		cell.row.Add(contestant.Name, sample)
	}
	return nil
}

// cells are all that is measured over HTTPS.
func (f *field) cells(results *report.Results) (cells []cell) {
	short, warm := f.options.time/2, f.options.time/4
	for _, connections := range []int{1, 25, 100} {
		row := &report.Row{What: fmt.Sprintf("all reviews, %s always busy", counted(connections)), Connections: connections}
		results.Busy = append(results.Busy, row)
		cells = append(cells, cell{row: row, connections: connections, plan: measure.Plan{WarmUp: warm, Time: f.options.time}})
	}
	for _, rate := range []int{100, 500} {
		for _, connections := range []int{1, 25, 100} {
			row := &report.Row{What: fmt.Sprintf("all reviews, %d per second over %s", rate, counted(connections)), Connections: connections, Rate: rate}
			results.Open = append(results.Open, row)
			cells = append(cells, cell{row: row, connections: connections, plan: measure.Plan{Rate: rate, WarmUp: warm, Time: f.options.time, Grace: warm}})
		}
	}
	for _, kind := range kinds() {
		row := &report.Row{What: kind.what, KiB: kind.kib, Chart: kind.chart}
		results.Kinds = append(results.Kinds, row)
		cells = append(cells, cell{row: row, connections: 1, plan: measure.Plan{WarmUp: warm / 2, Time: short}, chooses: kind.chooses, hot: kind.hot})
	}
	return cells
}

func counted(connections int) string {
	if connections == 1 {
		return "1 connection"
	}
	return fmt.Sprintf("%d connections", connections)
}

func (f *field) sample(ctx context.Context, contestant contestants.Contestant, cell cell) (measure.Sample, error) {
	target, err := f.target(contestant)
	if err != nil {
		return measure.Sample{}, err
	}
	client, err := measure.NewClient(ctx, target, cell.connections, f.smallest())
	if err != nil {
		return measure.Sample{}, err
	}
	defer client.Close()
	var load measure.Load
	for number, review := range f.reviews {
		if cell.chooses == nil || cell.chooses(review) {
			load.Reviews = append(load.Reviews, review)
			load.Allowed = append(load.Allowed, f.answers[contestant.Slug][number])
		}
	}
	if cell.hot {
		load.Reviews, load.Allowed = load.Reviews[:1], load.Allowed[:1]
	}
	return client.Run(ctx, load, cell.plan)
}

// smallest is what connections are opened with.
func (f *field) smallest() *corpus.Review {
	return slices.MinFunc(f.reviews, func(a, b *corpus.Review) int { return cmp.Compare(len(a.Body), len(b.Body)) })
}

func (f *field) target(contestant contestants.Contestant) (measure.Target, error) {
	config, err := f.arena.Certificate.TLS()
	return measure.Target{URL: contestant.URL(), TLS: config, PID: contestant.Process.PID()}, err
}

// own is how long all that the contest runs has used a processor so far.
func (f *field) own() (time.Duration, error) {
	sum, err := measure.Own()
	if err != nil {
		return 0, err
	}
	for _, pid := range f.arena.PIDs() {
		used, err := measure.Processor(pid)
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// kind is one kind of review by itself.
type kind struct {
	what  string
	kib   int
	chart bool
	hot   bool

	chooses func(*corpus.Review) bool
}

// kinds are asked over one connection, one after the other: what each costs by itself.
func kinds() (kinds []kind) {
	add := func(operation string, kib int, allowed bool) {
		answer := map[bool]string{true: "allowed", false: "denied"}[allowed]
		what := fmt.Sprintf("%s of %d KiB, %s", operation, kib, answer)
		if operation == corpus.Scale {
			what = "scale, " + answer
		}
		kinds = append(kinds, kind{what: what, kib: kib, chart: operation == corpus.Create && allowed, chooses: func(review *corpus.Review) bool {
			return review.Operation == operation && review.KiB == kib && review.Allowed == allowed
		}})
	}
	for _, kib := range []int{2, 9, 30, 100, 500} {
		add(corpus.Create, kib, true)
	}
	add(corpus.Create, 9, false)
	add(corpus.Update, 9, true)
	add(corpus.Update, 9, false)
	add(corpus.Scale, 0, true)
	add(corpus.Scale, 0, false)
	add(corpus.Delete, 9, true)
	add(corpus.Delete, 9, false)
	return append(kinds, kind{what: "create of 9 KiB, allowed, always the same object", kib: 9, hot: true, chooses: kinds[1].chooses})
}

// askEngines measures the engines in this process, one question after the other.
func (f *field) askEngines(ctx context.Context, row *report.Row) error {
	for _, engine := range f.engines {
		sample, err := engine.Run(ctx, f.reviews, f.options.time)
		if err != nil {
			return fmt.Errorf("measure the engine of %s: %w", engine.Name, err)
		}
		row.Add(engine.Name, sample)
	}
	return nil
}
