// Package contestants starts the admission engines that are compared, each as the process that its users run, with the same
// certificate and in front of real API servers where it needs one.
package contestants

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
)

// Contestant is a running webhook.
type Contestant struct {
	// Name is what the report calls it, and Slug what namespaces and files are called.
	Name, Slug string
	// Path is where it answers AdmissionReviews.
	Path string
	Port int
	// Decides says that it has the common rules, and must answer as all others that do.
	Decides bool
	// Process is what is measured.
	Process *cluster.Process
}

// URL is where to ask.
func (c Contestant) URL() string {
	return "https://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port)) + c.Path
}

// Arena is what the contestants run in.
type Arena struct {
	// Main has the API server of all but one contestant.
	Main *environment.Environment
	// Certificate is that of all contestants.
	Certificate Certificate
	// Contestants are those that run.
	Contestants []Contestant

	other  *cluster.Cluster
	root   string
	folder string
	out    io.Writer
}

// Start builds what is missing, starts everything and prints its progress on out. Stop ends it.
func Start(ctx context.Context, out io.Writer) (*Arena, error) {
	arena := &Arena{out: out}
	if err := arena.start(ctx); err != nil {
		arena.Stop()
		return nil, err
	}
	return arena, nil
}

// Stop ends all processes and removes what they left. What was never started is not missed.
func (a *Arena) Stop() {
	if a.other != nil {
		a.other.Stop()
	}
	if a.Main != nil {
		a.Main.Stop()
	}
	if a.folder != "" {
		_ = os.RemoveAll(a.folder)
	}
}

// Err names the process that died.
func (a *Arena) Err() error { return errors.Join(a.Main.Err(), a.other.Err()) }

// PIDs are all processes that run.
func (a *Arena) PIDs() (pids []int) {
	for _, process := range append(a.Main.Processes(), a.other.Processes()...) {
		if pid := process.PID(); pid != 0 {
			pids = append(pids, pid)
		}
	}
	return pids
}

func (a *Arena) start(ctx context.Context) (err error) {
	if a.root, err = cluster.Root(); err != nil {
		return err
	}
	binaries, err := cluster.Build(ctx, a.out, "opa", "gatekeeper")
	if err != nil {
		return err
	}
	if a.folder, err = os.MkdirTemp("", "contest"); err != nil {
		return err
	}
	if a.Certificate, err = writeCertificate(a.folder); err != nil {
		return fmt.Errorf("make the certificate: %w", err)
	}
	a.say("starting two control planes, one for each Gatekeeper")
	if a.Main, err = environment.Start(ctx, environment.Options{Out: a.out, Bare: true}); err != nil {
		return err
	}
	if a.other, err = cluster.Start(ctx, cluster.Options{Out: a.out, WithoutKwok: true, WithoutDNS: true}); err != nil {
		return err
	}
	for _, running := range []*cluster.Cluster{a.Main.Cluster, a.other} {
		// They would only take time from what is measured.
		for _, name := range []string{"kube-controller-manager", "kube-scheduler"} {
			running.Process(name).Stop()
		}
	}
	for _, each := range []func(context.Context, cluster.Binaries) (Contestant, error){
		a.null, a.statewardWhole, a.statewardCommon, a.opa, a.gatekeeperCombined, a.gatekeeperSeparate,
	} {
		contestant, err := each(ctx, binaries)
		if err != nil {
			return err
		}
		a.say("%s is ready", contestant.Name)
		a.Contestants = append(a.Contestants, contestant)
	}
	return nil
}

func (a *Arena) say(format string, values ...any) {
	fmt.Fprintf(a.out, format+"\n", values...)
}

func (a *Arena) file(name string, content []byte) (string, error) {
	path := filepath.Join(a.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, content, 0o600)
}

// run starts a process beside an API server and waits until ready, a URL, answers 200.
func run(ctx context.Context, beside *cluster.Cluster, name, ready string, client *http.Client, command *exec.Cmd) (*cluster.Process, error) {
	// Those who offer HTTP/2 are told not to, so that all speak the same.
	command.Env = append(os.Environ(), "GODEBUG=http2server=0", "HOME="+beside.Dir())
	process, err := beside.AddProcess(name, command)
	if err != nil {
		return nil, err
	}
	return process, process.WaitReady(ctx, func(ctx context.Context) error {
		_, err := cluster.Get(ctx, client, ready)
		return err
	})
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
