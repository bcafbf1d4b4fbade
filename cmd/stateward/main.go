// Command stateward guards Kubernetes StatefulSets: as an admission webhook, and as a validator of manifests.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/stateward/stateward/cmd/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Whoever asks twice is not kept waiting.
	context.AfterFunc(ctx, stop)
	err := cli.Run(ctx, os.Args, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	if message := cli.Message(err); message != "" {
		fmt.Fprintln(os.Stderr, message)
	}
	os.Exit(cli.ExitCode(err))
}
