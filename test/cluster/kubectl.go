package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// Output is what a run of kubectl left behind.
type Output struct {
	Stdout   string
	Stderr   string
	ExitCode int
}

// KubectlPath returns the path of the kubectl that belongs to the cluster.
func (c *Cluster) KubectlPath() string { return c.binaries["kubectl"] }

// Kubectl runs kubectl as the administrator; arguments such as --as or
// --kubeconfig change the user. A failure of kubectl is a result and not an
// error: the error is for a kubectl that could not run.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (Output, error) {
	return c.KubectlWithInput(ctx, nil, args...)
}

// KubectlWithInput does what Kubectl does and gives kubectl something to read,
// as for "apply -f -".
func (c *Cluster) KubectlWithInput(ctx context.Context, input io.Reader, args ...string) (Output, error) {
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, c.KubectlPath(), args...)
	command.Stdin, command.Stdout, command.Stderr = input, &stdout, &stderr
	// kubectl's preferences and caches are in the home folder.
	command.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig(), "HOME="+c.dir)
	err := command.Run()
	output := Output{Stdout: stdout.String(), Stderr: stderr.String(), ExitCode: command.ProcessState.ExitCode()}
	var exit *exec.ExitError
	if err != nil && (ctx.Err() != nil || !errors.As(err, &exit)) {
		return output, fmt.Errorf("run kubectl: %w", errors.Join(ctx.Err(), err))
	}
	return output, nil
}
