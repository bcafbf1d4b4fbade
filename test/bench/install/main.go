// Command install measures how long it takes from `kubectl apply -k` of the overlay self-managed to an empty cluster until
// the first denial. Everything is real but the container: kwok says that the pod runs, and the process is started beside it
// at that moment, so that nothing has to be pulled.
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
	runs := flag.Int("runs", 5, "how many times to install, each in a new cluster")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *runs)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
