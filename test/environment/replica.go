package environment

import (
	"context"
	"net"
	"net/http"
	"os/exec"
	"strconv"

	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/webhook/registration"
)

// Replica is a process of `stateward serve`.
type Replica struct {
	*cluster.Process
	// Address is host:port of the webhook, Metrics and Probes are base URLs.
	Address, Metrics, Probes string

	model *exec.Cmd
}

// AddReplica is StartReplica of one that says that it is ready.
func (e *Environment) AddReplica(ctx context.Context, name, host string, arguments ...string) (*Replica, error) {
	replica, err := e.StartReplica(name, host, arguments...)
	if err != nil {
		return nil, err
	}
	return replica, replica.WaitReady(ctx, replica.Ready)
}

// StartReplica starts `stateward serve` under its service account on an address of the loopback interface.
func (e *Environment) StartReplica(name, host string, arguments ...string) (*Replica, error) {
	kubeconfig, err := e.KubeconfigFor(processName, account, groups()...)
	if err != nil {
		return nil, err
	}
	ports, err := cluster.FreePorts(3)
	if err != nil {
		return nil, err
	}
	address := func(port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
	command := exec.Command(e.binary, append([]string{
		"serve", "--kubeconfig", kubeconfig, "--bind-address", host, "--port", strconv.Itoa(ports[0]),
		"--metrics-address", address(ports[1]), "--probe-address", address(ports[2]),
	}, arguments...)...)
	replica := &Replica{
		Address: address(ports[0]), Metrics: "http://" + address(ports[1]), Probes: "http://" + address(ports[2]), model: command,
	}
	replica.Process, err = e.AddProcess(name, command)
	return replica, err
}

// Ready asks the process whether it is ready.
func (r *Replica) Ready(ctx context.Context) error { return ready(ctx, r.Probes) }

// groups are those of Stateward's service account.
func groups() []string {
	return []string{"system:serviceaccounts", "system:serviceaccounts:" + registration.Namespace, "system:authenticated"}
}

func ready(ctx context.Context, probes string) error {
	_, err := cluster.Get(ctx, http.DefaultClient, probes+"/readyz?verbose")
	return err
}
