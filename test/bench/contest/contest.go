package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/stateward/stateward/test/bench/contest/contestants"
	"github.com/stateward/stateward/test/bench/contest/corpus"
	"github.com/stateward/stateward/test/bench/contest/report"
)

// options say how thoroughly to measure, and where to write.
type options struct {
	rounds int
	time   time.Duration
	folder string
}

// contest measures, and writes what came of it.
func contest(ctx context.Context, options options) error {
	if options.rounds < 1 || options.time < 100*time.Millisecond {
		return errors.New("give 1 round or more, and 100ms or more for each measurement")
	}
	started := time.Now()
	results, err := measured(ctx, options)
	if err != nil {
		return err
	}
	results.Took = time.Since(started)
	return errors.Join(
		os.WriteFile(filepath.Join(options.folder, "RESULTS.md"), report.Markdown(results), 0o644),
		os.WriteFile(filepath.Join(options.folder, "chart.svg"), report.Chart(results), 0o644),
	)
}

// measured starts the contestants, holds them to the same answers, measures them and stops them.
func measured(ctx context.Context, options options) (results report.Results, err error) {
	reviews, err := corpus.New()
	if err != nil {
		return results, err
	}
	arena, err := contestants.Start(ctx, os.Stderr)
	if err != nil {
		return results, err
	}
	defer func() { err = errors.Join(err, arena.Err()); arena.Stop() }()
	field := &field{arena: arena, reviews: reviews, options: options, say: says(time.Now())}
	results = report.Results{Machine: report.ThisMachine(), Reviews: len(reviews), Denied: denied(reviews), Rounds: options.rounds, Time: options.time}
	if results.Agreed, err = field.agree(ctx); err != nil {
		return results, err
	}
	watch, err := report.NewWatch(field.own)
	if err != nil {
		return results, err
	}
	if err := field.measure(ctx, &results); err != nil {
		return results, err
	}
	results.Machine.Others, err = watch.Others()
	return results, err
}

// says returns a function that prints the progress, with the time that has passed.
func says(started time.Time) func(format string, values ...any) {
	return func(format string, values ...any) {
		fmt.Fprintf(os.Stderr, "%5.0fs "+format+"\n", append([]any{time.Since(started).Seconds()}, values...)...)
	}
}

func denied(reviews []*corpus.Review) (count int) {
	for _, review := range reviews {
		if !review.Allowed {
			count++
		}
	}
	return count
}
