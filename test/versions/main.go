// Command versions runs the tour, the end-to-end tests and the exported policies on control planes of other Kubernetes
// versions, which it builds, compares forecasts with their StatefulSet controllers, and writes what became of all that into
// results/ and README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/stateward/stateward/test/cluster"
)

func main() {
	minors := flag.String("versions", "1.34,1.35,1.36", "minor `versions` of Kubernetes, with commas between them")
	scenarios := flag.Int("scenarios", 20000, "`number` of scenarios in which forecasts are compared")
	only := flag.Bool("forecasts", false, "compare only forecasts, which needs no control plane")
	failed := flag.Bool("again", false, "run only the tests that failed in the last run of these versions")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *minors, *scenarios, *only, *failed)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, text string, scenarios int, onlyForecasts, onlyFailed bool) error {
	minors, err := parse(text)
	if err != nil {
		return err
	}
	root, err := cluster.Root()
	if err != nil {
		return err
	}
	if onlyFailed {
		return again(ctx, root, minors)
	}
	served, err := published(ctx)
	if err != nil {
		return err
	}
	versions, err := newest(minors, served)
	if err != nil {
		return err
	}
	page := filepath.Join(root, "test", "versions")
	var failed []string
	for _, version := range versions {
		fmt.Println("Kubernetes " + version)
		result := Result{Version: version}
		if result.Forecasts, err = compare(ctx, root, version, scenarios); err != nil {
			return err
		}
		if !onlyForecasts {
			if err := result.try(ctx, root); err != nil {
				return err
			}
		}
		if err := write(page, result); err != nil {
			return err
		}
		if !result.good() {
			failed = append(failed, version)
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("tests failed on Kubernetes %s: see test/versions/README.md", strings.Join(failed, ", "))
	}
	return nil
}

// build builds a version, and returns the environment of commands that test on it.
func build(ctx context.Context, version string) (environment []string, err error) {
	assets, err := cluster.BuildKubernetes(ctx, os.Stderr, version)
	if err != nil {
		return nil, err
	}
	// Programs that have no version of Kubernetes are those of all other tests.
	if _, err := cluster.Build(ctx, os.Stderr, cluster.ControlPlane()...); err != nil {
		return nil, err
	}
	return append(os.Environ(), "KUBEBUILDER_ASSETS="+assets), nil
}

// try runs everything on a version.
func (r *Result) try(ctx context.Context, root string) error {
	environment, err := build(ctx, r.Version)
	if err != nil {
		return err
	}
	r.Day = time.Now().UTC().Format(time.DateOnly)
	passed, err := tour(ctx, root, environment)
	if err != nil {
		return err
	}
	r.Tour = &passed
	if r.EndToEnd, err = test(ctx, root, environment, "./test/e2e"); err != nil {
		return err
	}
	r.Policies, err = test(ctx, root, environment, "./test/vap")
	return err
}

// tour reports whether all commands of the tour were answered as they must be.
func tour(ctx context.Context, root string, environment []string) (bool, error) {
	command := interruptible(ctx, root, environment, "run", "./test/tour/run", "-once")
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	err := command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		return false, nil
	}
	return err == nil, err
}

// test runs the tests of a package. That some fail is no error.
func test(ctx context.Context, root string, environment []string, pkg string, arguments ...string) (*Outcome, error) {
	command := interruptible(ctx, root, environment, append([]string{"test", "-json", "-count=1", "-timeout", "90m", pkg}, arguments...)...)
	command.Stderr = os.Stderr
	lines, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	outcome, err := read(lines, os.Stdout)
	var exit *exec.ExitError
	if ended := command.Wait(); ctx.Err() != nil || ended != nil && !errors.As(ended, &exit) {
		return nil, errors.Join(ctx.Err(), ended)
	}
	return &outcome, err
}

// interruptible is a go command that is interrupted at the end of the context, and has a minute to end. A terminal sends
// its Ctrl-C to the programs that the command runs as well.
func interruptible(ctx context.Context, root string, environment []string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir, command.Env = root, environment
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = time.Minute
	return command
}
