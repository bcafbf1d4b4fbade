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
	err := cli.Run(signalContext(), os.Args, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Condense: cli.CondenseWarnings})
	if message := cli.Message(err); message != "" {
		fmt.Fprintln(os.Stderr, message)
	}
	os.Exit(cli.ExitCode(err))
}

// signalContext returns a context that ends at the first SIGINT or SIGTERM. A second signal ends the process at once.
func signalContext() context.Context {
	ctx, end := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		signal.Stop(signals)
		end()
	}()
	return ctx
}
