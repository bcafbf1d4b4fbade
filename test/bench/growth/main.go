// Command growth measures how the time of a decision grows: with the rules, with the object and with the cluster. It writes
// a table and three charts. All points of a line are measured in turn, round after round, and the median counts, so that
// what else the machine does falls on all of them.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	folder := flag.String("to", "test/bench/growth", "where to write RESULTS.md and the charts")
	rounds := flag.Int("rounds", 15, "how often each point is measured")
	span := flag.Duration("span", 100*time.Millisecond, "how long each measurement takes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *folder, *rounds, *span)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, folder string, rounds int, span time.Duration) error {
	var studies []study
	for _, prepare := range []func(context.Context) (study, error){byRules, byObject, byCluster} {
		prepared, err := prepare(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s: %d points, %d rounds of %s\n", prepared.title, prepared.points(), rounds, span)
		if err := prepared.measure(ctx, rounds, span); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, prepared.name+".svg"), prepared.chart().SVG(), 0o644); err != nil {
			return err
		}
		studies = append(studies, prepared)
	}
	return os.WriteFile(filepath.Join(folder, "RESULTS.md"), results(studies, rounds, span), 0o644)
}
