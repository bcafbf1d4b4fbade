package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
	"github.com/stateward/stateward/webhook/registration"
)

// patience is how long anything may take.
const patience = 5 * time.Minute

// stages are what is measured, in this order, each since kubectl was started: it has ended, the pod runs, the replica is
// ready, a deletion was let through for the last time, and one was denied by a rule for the first time.
var stages = []string{"applied", "pod runs", "replica ready", "last deletion let through", "first denial"}

// run prints a Markdown table, in seconds.
func run(ctx context.Context, runs int) error {
	root, err := cluster.Root()
	if err != nil {
		return err
	}
	all := make([][]time.Duration, len(stages))
	fmt.Printf("| run | %s |\n|---:%s|\n", strings.Join(stages, ", s | ")+", s", strings.Repeat("|---:", len(stages)))
	for number := range runs {
		times, err := install(ctx, root)
		if err != nil {
			return err
		}
		for stage, took := range times {
			all[stage] = append(all[stage], took)
		}
		printRow(strconv.Itoa(number+1), times)
	}
	var medians []time.Duration
	for _, times := range all {
		slices.Sort(times)
		medians = append(medians, times[len(times)/2])
	}
	printRow("median", medians)
	return nil
}

func printRow(name string, times []time.Duration) {
	fmt.Printf("| %s |", name)
	for _, took := range times {
		fmt.Printf(" %.1f |", took.Seconds())
	}
	fmt.Println()
}

// install applies the overlay to a new cluster and tries to delete a StatefulSet of it all the while.
func install(ctx context.Context, root string) ([]time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	service, err := newService()
	if err != nil {
		return nil, err
	}
	defer service.close()
	guarded, err := environment.Start(ctx, environment.Options{
		Out: os.Stderr, Unguarded: true, APIServerArgs: []string{"--egress-selector-config-file=" + service.configuration()},
	})
	if err != nil {
		return nil, err
	}
	defer guarded.Stop()
	output, err := guarded.KubectlWithInput(ctx, bytes.NewReader(builders.MakeStatefulSet().JSON()), "create", "-f", "-")
	if err != nil || output.ExitCode != 0 {
		return nil, fmt.Errorf("create a StatefulSet: %w %s", err, output.Stderr)
	}

	begun := time.Now()
	deleted := make(chan deletions, 1)
	go func() { deleted <- deleteUntilDenied(ctx, guarded) }()
	if err := guarded.MustKubectl(ctx, "apply", "-k", filepath.Join(root, "manifests", "overlays", "self-managed")); err != nil {
		return nil, err
	}
	applied := time.Now()
	if err := awaitPod(ctx, guarded); err != nil {
		return nil, err
	}
	running := time.Now()
	replica, err := guarded.AddReplica(ctx, "stateward", "127.0.0.1")
	if err != nil {
		return nil, err
	}
	ready := time.Now()
	service.endpoint.Store(&replica.Address)
	tried := <-deleted
	if tried.err != nil {
		return nil, tried.err
	}
	var times []time.Duration
	for _, at := range []time.Time{applied, running, ready, tried.through, tried.denied} {
		times = append(times, at.Sub(begun))
	}
	return times, nil
}

// awaitPod waits until the one pod of the Deployment runs.
func awaitPod(ctx context.Context, guarded *environment.Environment) error {
	return wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		pods, err := guarded.Client.CoreV1().Pods(registration.Namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		return len(pods.Items) == 1 && pods.Items[0].Status.Phase == corev1.PodRunning, nil
	})
}

// deletions tell when one was let through for the last time, and when one was denied for the first time.
type deletions struct {
	through, denied time.Time
	err             error
}

// deleteUntilDenied tries as dry runs, one after the other. A request without an answer is neither allowed
// nor denied.
func deleteUntilDenied(ctx context.Context, guarded *environment.Environment) (tried deletions) {
	sets := guarded.Client.AppsV1().StatefulSets("default")
	for ; ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		err := sets.Delete(ctx, "web", metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}})
		switch {
		case err == nil:
			tried.through = time.Now()
		case strings.Contains(err.Error(), "[cascade-delete]"):
			tried.denied = time.Now()
			return tried
		case !strings.Contains(err.Error(), "failed calling webhook"):
			tried.err = err
			return tried
		}
	}
	tried.err = context.Cause(ctx)
	return tried
}
