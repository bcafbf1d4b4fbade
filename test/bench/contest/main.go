// Command contest compares admission engines side by side: the same AdmissionReviews, the same rules, the same TLS, in one
// run and in turn. It writes a Markdown report and a chart. Nothing counts before all engines agree on every review.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	var options options
	flag.IntVar(&options.rounds, "rounds", 3, "how often everything is measured; medians count")
	flag.DurationVar(&options.time, "time", 2*time.Second, "how long each measurement takes; there are some 200 in a round")
	flag.StringVar(&options.folder, "out", ".", "where to write RESULTS.md and chart.svg")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := contest(ctx, options)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
