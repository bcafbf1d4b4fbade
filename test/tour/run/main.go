// Command run takes the tour on a cluster of its own and keeps the cluster running, guarded by Stateward, until Ctrl-C;
// with -once it ends with the tour.
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
	once := flag.Bool("once", false, "end with the tour")
	record := flag.String("record", "", "`file` to write the output of the tour to, instead of the terminal")
	step := flag.String("step", "", "`part` of the tour to show first, such as 4 or 3a")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *once, *record, *step)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, once bool, record, step string) error {
	if _, err := tour.Find(step); err != nil {
		return err
	}
	out, colour, err := output(record)
	if err != nil {
		return err
	}
	defer out.Close()
	fmt.Println("starting a control plane: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok, CoreDNS")
	guarded, err := environment.Start(ctx, environment.Options{Out: os.Stderr})
	if err != nil {
		return err
	}
	defer guarded.Stop()
	if err := tour.Walk(ctx, guarded, out, tour.Options{From: step, Colour: colour}); err != nil || once {
		return err
	}
	fmt.Printf("\nThe cluster keeps running until Ctrl-C. In another terminal:\n\n  export KUBECONFIG=%s PATH=%s:$PATH\n", guarded.Kubeconfig(), guarded.BinDirs())
	<-ctx.Done()
	return nil
}

// output is where the tour is shown, and whether that is a terminal that wants colours.
func output(record string) (out *os.File, colour bool, err error) {
	if record != "" {
		out, err = os.Create(record)
		return out, false, err
	}
	info, err := os.Stdout.Stat()
	if err != nil {
		return nil, false, err
	}
	terminal := info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return os.Stdout, terminal, nil
}
