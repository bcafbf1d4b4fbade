// Command build builds the named test tools into the repository's bin folder,
// or those of the whole control plane when none is named.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/stateward/stateward/test/cluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	names := os.Args[1:]
	if len(names) == 0 {
		names = cluster.ControlPlane()
	}
	_, err := cluster.Build(ctx, os.Stderr, names...)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
