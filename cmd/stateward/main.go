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
	err := cli.Run(untilAsked(), os.Args, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	if message := cli.Message(err); message != "" {
		fmt.Fprintln(os.Stderr, message)
	}
	os.Exit(cli.ExitCode(err))
}

// untilAsked returns a context that ends when the process is asked to. A second signal does not wait: it ends the process
// itself.
func untilAsked() context.Context {
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
