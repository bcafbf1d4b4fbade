// Command memory measures what Stateward keeps of a cluster: it fills a real API server with StatefulSets, each with its
// Service and with a pod and a claim for each replica, one kind after the other, and reads the process's own metrics on the
// way. The process has the settings of manifests/base; at each step it is started again with others too, and evaluates updates.
// The controllers are stopped first, so that nothing but the objects counted here is there.
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
	steps := flag.String("statefulsets", "1000,10000", "how many StatefulSets to measure at, rising")
	replicas := flag.Int("replicas", 3, "replicas of each, every one with a pod and a claim")
	file := flag.String("to", "test/bench/memory/RESULTS.md", "where to write the results")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *steps, *replicas, *file)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
