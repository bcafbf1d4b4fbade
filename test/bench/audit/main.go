// Command audit measures audits of a large cluster: it fills a real API server with StatefulSets, lets `stateward audit` look at
// them, and then lets a replica of `stateward serve --audit` do so in the background. The controllers are stopped first, so that
// nothing else asks the API server.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	count := flag.Int("statefulsets", 10_000, "how many StatefulSets to audit")
	replicas := flag.Int("replicas", 1, "replicas of each, every one with a pod and a claim")
	file := flag.String("to", "test/bench/audit/RESULTS.md", "where to write the results")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *count, *replicas, *file)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
