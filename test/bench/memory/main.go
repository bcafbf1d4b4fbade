// Command memory measures what Stateward keeps of a cluster: it fills a real API server with StatefulSets, each with its
// Service and with a pod and a claim for each replica, and reads the process's own metrics on the way. The controllers are
// stopped first, so that nothing but the objects counted here is there.
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
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *steps, *replicas)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
