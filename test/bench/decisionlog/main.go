// Command decisionlog measures what the decision log costs a process of `stateward serve` that a real API server asks at a fixed
// rate: the processor time with the log off and with all decisions recorded, in turn.
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
	var p plan
	flag.IntVar(&p.rate, "rate", 200, "reviews a second that the API server sends to Stateward")
	flag.IntVar(&p.rounds, "rounds", 5, "how often each kind of request is measured, with the log off and on")
	flag.DurationVar(&p.span, "time", 15*time.Second, "how long each measurement takes")
	file := flag.String("to", "test/bench/decisionlog/RESULTS.md", "where to write the results")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, p, *file)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
