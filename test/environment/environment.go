// Package environment is a real cluster with Stateward in front of it, as the tour and the end-to-end tests need it.
package environment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/webhook/registration"
)

const (
	account = "system:serviceaccount:" + registration.Namespace + ":" + registration.Name
	// processName is what the cluster calls Stateward's process and its log.
	processName = "stateward"
)

// Environment is a cluster that Stateward guards.
type Environment struct {
	*cluster.Cluster
	// Client is the administrator's.
	Client kubernetes.Interface
	// Stateward is the webhook's process.
	Stateward *cluster.Process
	// Webhook, Metrics and Probes are the base URLs of the process.
	Webhook, Metrics, Probes string

	binary string
	// model is how Stateward is started, each time again.
	model *exec.Cmd
}

// Options change what Start makes.
type Options struct {
	// Out is told of long builds.
	Out io.Writer
	// ServeArgs are added to the command line of `stateward serve`.
	ServeArgs []string
	// Bare leaves out nodes, DNS and Stateward itself, for those who call AddReplica.
	Bare bool
	// Unguarded leaves out all that Stateward needs in the cluster and Stateward itself, for those who install it.
	Unguarded bool
	// APIServerArgs are added to the API server's command line.
	APIServerArgs []string
	// BuiltOnly makes Start fail where it would build programs of the cluster, as tests must.
	BuiltOnly bool
	// CABundle is whom the API server trusts, where ServeArgs bring a certificate; otherwise Stateward says so itself.
	CABundle []byte
	// SharedCredentials lets all controllers act under one name.
	SharedCredentials bool
}

// Start starts a cluster, runs `stateward serve` under its own service account with the rights of manifests/base, and
// registers it. It returns when the API server refuses what Stateward denies.
func Start(ctx context.Context, options Options) (*Environment, error) {
	running, err := cluster.Start(ctx, cluster.Options{
		Out:               options.Out,
		Identities:        []cluster.Identity{{User: account, Groups: groups()}},
		SharedCredentials: options.SharedCredentials,
		BuiltOnly:         options.BuiltOnly,
		APIServerArgs:     options.APIServerArgs,
		WithoutKwok:       options.Bare,
		WithoutDNS:        options.Bare,
	})
	if err != nil {
		return nil, err
	}
	environment := &Environment{Cluster: running}
	if err := environment.guard(ctx, options); err != nil {
		running.Stop()
		return nil, fmt.Errorf("put Stateward in front of the cluster: %w", err)
	}
	return environment, nil
}

// ForTest starts an environment that is stopped when the test ends; the logs of a failed test are kept.
func ForTest(t testing.TB) *Environment {
	t.Helper()
	return ForTestWith(t, Options{})
}

// ForTestWith is ForTest of another environment than the usual one.
func ForTestWith(t testing.TB, options Options) *Environment {
	t.Helper()
	options.Out, options.BuiltOnly = t.Output(), true
	environment, err := Start(context.WithoutCancel(t.Context()), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(environment.Stop)
	environment.LookAfter(t)
	return environment
}

// LookAfter fails a test during which a process died, and keeps the log of a failed one.
func (e *Environment) LookAfter(t testing.TB) {
	t.Helper()
	t.Cleanup(func() {
		if err := e.Err(); err != nil {
			t.Errorf("a process died: %v", err)
		}
		if t.Failed() && e.Stateward != nil {
			keepLogs(t, e)
		}
	})
}

func keepLogs(t testing.TB, environment *Environment) {
	log, err := os.ReadFile(environment.Stateward.LogPath())
	if err != nil {
		t.Logf("no log of Stateward: %v", err)
		return
	}
	t.Logf("Stateward's log:\n%s", log)
}

func (e *Environment) guard(ctx context.Context, options Options) (err error) {
	if e.Client, err = kubernetes.NewForConfig(e.Config()); err != nil {
		return err
	}
	root, err := cluster.Root()
	if err != nil {
		return err
	}
	if e.binary, err = Build(ctx, root); err != nil || options.Unguarded {
		return err
	}
	for _, file := range []string{"namespace.yaml", "serviceaccount.yaml", "rbac.yaml", "crds"} {
		if err := e.MustKubectl(ctx, "apply", "-f", filepath.Join(root, "manifests", "base", file)); err != nil {
			return err
		}
	}
	if options.Bare {
		return nil
	}
	// No proxy is in between, and the API server need not be spared.
	quick := []string{"--certificate-hosts", "127.0.0.1", "--shutdown-delay", "0s", "--shutdown-timeout", "0s"}
	replica, err := e.AddReplica(ctx, processName, "127.0.0.1", append(quick, options.ServeArgs...)...)
	if err != nil {
		return err
	}
	e.model = replica.model
	e.Stateward, e.Webhook, e.Metrics, e.Probes = replica.Process, "https://"+replica.Address, replica.Metrics, replica.Probes
	if err := e.register(ctx, options.CABundle); err != nil {
		return err
	}
	return e.Stateward.WaitReady(ctx, e.guarded)
}

// Build builds the stateward binary into bin/, as releases do, and returns its path.
func Build(ctx context.Context, root string) (string, error) {
	binary := filepath.Join(root, "bin", "stateward")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags=grpcnotrace", "-ldflags=-s -w", "-o", binary, "./cmd/stateward")
	command.Dir, command.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build stateward: %w\n%s", err, output)
	}
	return binary, nil
}

// BinaryForTest builds the stateward binary, and returns its path and that of the repository.
func BinaryForTest(t testing.TB) (root, binary string) {
	t.Helper()
	root, err := cluster.Root()
	if err != nil {
		t.Fatal(err)
	}
	if binary, err = Build(t.Context(), root); err != nil {
		t.Fatal(err)
	}
	return root, binary
}

// Output runs a command and returns what it wrote, both streams as one, and its exit code.
func Output(t testing.TB, command *exec.Cmd) (output string, code int) {
	t.Helper()
	var both bytes.Buffer
	command.Stdout, command.Stderr = &both, &both
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return both.String(), command.ProcessState.ExitCode()
}

// Restart ends Stateward and starts it with these environment variables, as NAME=VALUE, beside those of this process. It
// returns when the API server asks it.
func (e *Environment) Restart(ctx context.Context, variables ...string) error {
	e.Stateward.Stop()
	e.model.Env = append(os.Environ(), variables...)
	if err := e.Stateward.Start(); err != nil {
		return err
	}
	if err := e.Stateward.WaitReady(ctx, e.Ready); err != nil {
		return err
	}
	return e.Stateward.WaitReady(ctx, e.guarded)
}

// Ready asks the process whether it is ready.
func (e *Environment) Ready(ctx context.Context) error { return ready(ctx, e.Probes) }

// register registers the webhook at the API server by its loopback address.
func (e *Environment) register(ctx context.Context, bundle []byte) error {
	library, err := policies.Embedded()
	if err != nil {
		return err
	}
	target := registration.Target{URL: e.Webhook, CABundle: bundle}
	api := e.Client.AdmissionregistrationV1()
	if _, err := api.ValidatingWebhookConfigurations().Create(ctx, registration.Validating(library, target), metav1.CreateOptions{}); err != nil {
		return err
	}
	_, err = api.MutatingWebhookConfigurations().Create(ctx, registration.Mutating(library, target), metav1.CreateOptions{})
	return err
}

// guarded succeeds once the API server asks Stateward: a dry run of something that is always denied is refused.
func (e *Environment) guarded(ctx context.Context) error {
	output, err := e.KubectlWithInput(ctx, probe(), "create", "--dry-run=server", "-f", "-")
	if err != nil {
		return err
	}
	return denied(output)
}

// MustKubectl runs kubectl and makes its failure an error.
func (e *Environment) MustKubectl(ctx context.Context, arguments ...string) error {
	output, err := e.Kubectl(ctx, arguments...)
	if err != nil {
		return err
	}
	if output.ExitCode != 0 {
		return fmt.Errorf("kubectl %v: %s", arguments, output.Stderr)
	}
	return nil
}

// BinDirs are the folders of the cluster's own kubectl and of stateward, written as in a PATH.
func (e *Environment) BinDirs() string {
	folders := []string{filepath.Dir(e.KubectlPath()), filepath.Dir(e.binary)}
	return strings.Join(slices.Compact(folders), string(os.PathListSeparator))
}
