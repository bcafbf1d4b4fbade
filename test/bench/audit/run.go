package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/stateward/stateward/test/bench/filler"
	"github.com/stateward/stateward/test/bench/usage"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
)

// The metrics that are read.
const (
	processorTime = "process_cpu_seconds_total"
	passTook      = "stateward_audit_last_pass_duration_seconds"
	findings      = "stateward_audit_findings"
	reports       = "stateward_audit_report_writes_total"
)

const (
	// patience is longer than a first pass at 5 % of a processor takes.
	patience = 2 * time.Hour
	// settling is how long the background audit is watched once its pass is over.
	settling = time.Minute
	// polling is how often the metrics are read until something happens. Each reading costs the replica some milliseconds of
	// processor time, so they are read less often while that is measured.
	polling, pollingMeasured = 200 * time.Millisecond, 5 * time.Second
	// changes are made one after the other, each seen before the next. Those in large namespaces wait until the work on the one
	// before is paid for.
	changes = 3
)

func run(ctx context.Context, count, replicas int, file string) error {
	root, err := cluster.Root()
	if err != nil {
		return err
	}
	guarded, err := environment.Start(ctx, environment.Options{Out: os.Stderr})
	if err != nil {
		return err
	}
	defer guarded.Stop()
	guarded.Process("kube-controller-manager").Stop()
	if err := fill(ctx, guarded, count, replicas); err != nil {
		return err
	}
	made := results{count: count, replicas: replicas}
	if made.command, err = auditOnce(ctx, root, guarded); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "stateward audit: %+v\n", made.command)
	if made.background, err = auditBehind(ctx, root, guarded, count); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "serve --audit: %+v\n", made.background)
	return os.WriteFile(file, []byte(made.String()), 0o644)
}

func fill(ctx context.Context, guarded *environment.Environment, count, replicas int) error {
	filled, err := filler.New(guarded, replicas)
	if err != nil {
		return err
	}
	return filled.All(ctx, count, func(kind filler.Kind) {
		fmt.Fprintf(os.Stderr, "%d objects of kind %s created\n", count*kind.Each, kind.Name)
	})
}

// auditOnce runs `stateward audit` as an administrator does.
func auditOnce(ctx context.Context, root string, guarded *environment.Environment) (made once, err error) {
	binary, err := environment.Build(ctx, root)
	if err != nil {
		return made, err
	}
	before, err := requests(ctx, guarded)
	if err != nil {
		return made, err
	}
	report := filepath.Join(guarded.Dir(), "audit.json")
	command := exec.CommandContext(ctx, binary, "audit", "-A", "-o", "json="+report)
	command.Env = append(os.Environ(), "KUBECONFIG="+guarded.Kubeconfig())
	var said strings.Builder
	command.Stderr = &said
	begun := time.Now()
	if err := command.Run(); command.ProcessState == nil || command.ProcessState.ExitCode() > 1 {
		return made, fmt.Errorf("stateward audit: %w: %s", err, said.String())
	}
	made.wall = time.Since(begun)
	made.processor = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	if used, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		made.memory = float64(used.Maxrss) * 1024
	}
	after, err := requests(ctx, guarded)
	made.requests = after - before
	return made, err
}

// requests are those that the API server has answered, without watches, which it counts when they end.
func requests(ctx context.Context, guarded *environment.Environment) (count float64, err error) {
	page, err := guarded.Client.CoreV1().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return 0, err
	}
	return usage.Sum(page, "apiserver_request_total", func(labels map[string]string) bool {
		return labels["verb"] == "LIST" || labels["verb"] == "GET" && labels["resource"] != ""
	})
}

// auditBehind lets a second replica audit, which writes reports, and measures it beside the first, which does not.
func auditBehind(ctx context.Context, root string, guarded *environment.Environment, count int) (made behind, err error) {
	if err := guarded.ServeDefinitions(ctx, environment.Reports()); err != nil {
		return made, err
	}
	if err := guarded.MustKubectl(ctx, "apply", "-n", "stateward-system", "-f", filepath.Join(root, "manifests/components/audit/rbac.yaml")); err != nil {
		return made, err
	}
	replica, err := guarded.AddReplica(ctx, "auditor", "127.0.0.1", "--certificate-hosts", "127.0.0.1", "--audit")
	if err != nil {
		return made, err
	}
	// Before it finds anything, it fills the caches that only an audit needs.
	loaded, err := until(ctx, replica.Metrics, polling, func(now map[string]float64) bool { return now[findings] > 0 })
	if err != nil {
		return made, err
	}
	begun := time.Now()
	without, err := usage.Metrics(ctx, guarded.Metrics, processorTime)
	if err != nil {
		return made, err
	}
	pass, err := until(ctx, replica.Metrics, pollingMeasured, func(now map[string]float64) bool { return now[passTook] > 0 })
	if err != nil {
		return made, err
	}
	made.pass, made.wall = seconds(pass[passTook]), time.Since(begun)
	made.processor = seconds(pass[processorTime] - loaded[processorTime])
	made.findings, made.reports = pass[findings], pass[reports]
	after, err := usage.Metrics(ctx, guarded.Metrics, processorTime)
	if err != nil {
		return made, err
	}
	made.processorBeside = seconds(after[processorTime] - without[processorTime])
	if made.idle, err = idle(ctx, replica); err != nil {
		return made, err
	}
	if made.seen, err = see(ctx, guarded, replica, count); err != nil {
		return made, err
	}
	if made.memory, err = usage.InStatus(replica.PID(), "VmHWM"); err != nil {
		return made, err
	}
	made.beside, err = usage.InStatus(guarded.Stateward.PID(), "VmHWM")
	return made, err
}

// idle is the processor time a second while nothing changes.
func idle(ctx context.Context, replica *environment.Replica) (float64, error) {
	before, err := usage.Metrics(ctx, replica.Metrics, processorTime)
	if err != nil {
		return 0, err
	}
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(settling):
	}
	after, err := usage.Metrics(ctx, replica.Metrics, processorTime)
	return (after[processorTime] - before[processorTime]) / settling.Seconds(), err
}

// see deletes Services, past the guard, and waits until the audit has another finding for each.
func see(ctx context.Context, guarded *environment.Environment, replica *environment.Replica, count int) (longest time.Duration, err error) {
	filled, err := filler.New(guarded, 0)
	if err != nil {
		return 0, err
	}
	for index := range changes {
		before, err := usage.Metrics(ctx, replica.Metrics, findings)
		if err != nil {
			return longest, err
		}
		if err := filled.DeleteService(ctx, index*count/changes); err != nil {
			return longest, err
		}
		begun := time.Now()
		if _, err := until(ctx, replica.Metrics, polling, func(now map[string]float64) bool { return now[findings] != before[findings] }); err != nil {
			return longest, err
		}
		longest = max(longest, time.Since(begun))
	}
	return longest, nil
}

// until reads metrics until they are as wanted.
func until(ctx context.Context, address string, every time.Duration, wanted func(map[string]float64) bool) (now map[string]float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if now, err = usage.Metrics(ctx, address, processorTime, passTook, findings, reports); err != nil || wanted(now) {
			return now, err
		}
		select {
		case <-ctx.Done():
			return now, fmt.Errorf("the audit did not come so far within %s: %v", patience, now)
		case <-time.After(every):
		}
	}
}

func seconds(value float64) time.Duration { return time.Duration(value * float64(time.Second)) }
