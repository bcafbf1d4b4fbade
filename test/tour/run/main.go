// Command run takes the tour on a cluster of its own and leaves it running, with Stateward in front, until Ctrl-C; with
// -once it ends when the tour does.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/stateward/stateward/test/environment"
	"github.com/stateward/stateward/test/tour"
)

func main() {
	once := flag.Bool("once", false, "end when the tour does")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *once)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, once bool) error {
	fmt.Println("starting a control plane: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok, CoreDNS")
	guarded, err := environment.Start(ctx, environment.Options{Out: os.Stderr})
	if err != nil {
		return err
	}
	defer guarded.Stop()
	if err := tour.Walk(ctx, guarded, os.Stdout); err != nil || once {
		return err
	}
	fmt.Printf("\nAll of it goes on running until Ctrl-C. In another terminal:\n\n  export KUBECONFIG=%s PATH=%s:$PATH\n", guarded.Kubeconfig(), guarded.BinDir())
	<-ctx.Done()
	return nil
}
