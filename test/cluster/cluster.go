// Package cluster starts a real Kubernetes control plane on the loopback
// interface: etcd, API server, controllers, scheduler, DNS, and nodes on which
// pods are made to look as if they ran. Everything but the containers is the
// real program, so what a test sees is what a person at a cluster would see.
package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Options say what a cluster is made of. The zero value is a whole control
// plane with one node.
type Options struct {
	// Out gets the progress of long builds; nil discards it.
	Out io.Writer
	// Nodes is the number of nodes, one when it is 0. They are called node-0,
	// node-1 and so on.
	Nodes int
	// WithoutKwok leaves the nodes out. Pods then stay Pending for ever.
	WithoutKwok bool
	// WithoutDNS leaves CoreDNS out.
	WithoutDNS bool
	// Identities are given bearer tokens: see Cluster.KubeconfigFor.
	Identities []Identity
	// APIServerArgs are added to the API server's command line, after the
	// harness's own arguments, so that they win.
	APIServerArgs []string
	// SharedCredentials lets all controllers act under the controller manager's
	// own name, as some installations do.
	SharedCredentials bool
	// BuiltOnly makes Start fail where it would build programs: see Built.
	BuiltOnly bool
	// KeepDir keeps the temporary folder, with the logs and the data, when the
	// cluster is stopped.
	KeepDir bool
}

// Cluster is a running control plane. It is safe for concurrent use.
type Cluster struct {
	options  Options
	dir      string
	binaries Binaries

	authority    *authority
	files        certificateFiles
	certificates []tls.Certificate
	accounts     []account

	etcd   string
	server string
	dns    string
	admin  *rest.Config
	client kubernetes.Interface

	starter  *starter
	stopOnce sync.Once
	// cancel ends what was derived from the context that Start was given.
	cancel context.CancelFunc

	mu        sync.Mutex
	stopped   bool
	processes []*Process
}

func programs(ctx context.Context, options Options) (Binaries, error) {
	if options.BuiltOnly {
		return Built(ctx, ControlPlane()...)
	}
	return Build(ctx, options.Out, ControlPlane()...)
}

// Start builds what is missing, starts a cluster and returns when it can be
// used. The cluster runs until Stop is called or the context ends.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	options = withDefaults(options)
	if options.Nodes > maxNodes {
		return nil, fmt.Errorf("%d nodes are too many; ask for at most %d", options.Nodes, maxNodes)
	}
	binaries, err := programs(ctx, options)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "stateward-cluster-")
	if err != nil {
		return nil, fmt.Errorf("make the cluster's folder: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	c := &Cluster{options: options, dir: dir, binaries: binaries, starter: newStarter(), cancel: cancel}
	context.AfterFunc(ctx, c.Stop)
	if err := c.startAll(ctx); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func withDefaults(options Options) Options {
	if options.Out == nil {
		options.Out = io.Discard
	}
	if options.Nodes == 0 {
		options.Nodes = 1
	}
	if options.WithoutKwok {
		options.Nodes = 0
	}
	return options
}

func (c *Cluster) startAll(ctx context.Context) error {
	if err := c.prepareCredentials(); err != nil {
		return fmt.Errorf("prepare the cluster's credentials: %w", err)
	}
	if err := c.startEtcd(ctx); err != nil {
		return err
	}
	if err := c.startAPIServer(ctx); err != nil {
		return err
	}
	if err := c.createBasics(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.startControllers(ctx) })
	group.Go(func() error { return c.startScheduler(ctx) })
	group.Go(func() error { return c.startNodes(ctx) })
	group.Go(func() error { return c.startDNS(ctx) })
	return group.Wait()
}

func (c *Cluster) prepareCredentials() error {
	authority, err := newAuthority()
	if err != nil {
		return err
	}
	files, err := writeCertificates(c.dir, authority)
	if err != nil {
		return err
	}
	serving, err := tls.LoadX509KeyPair(files.certificate, files.key)
	if err != nil {
		return err
	}
	c.authority, c.files, c.certificates = authority, files, []tls.Certificate{serving}
	c.accounts = newAccounts(append(c.ownIdentities(), c.options.Identities...))
	return writeTokens(c.tokenFile(), c.accounts)
}

func (c *Cluster) ownIdentities() []Identity {
	identities := []Identity{adminIdentity(), controllersIdentity(), schedulerIdentity(), dnsIdentity()}
	for _, node := range c.nodeNames() {
		identities = append(identities, kubeletIdentity(node))
	}
	return identities
}

// Dir returns the cluster's temporary folder. The log of each process is there,
// called <name>.log.
func (c *Cluster) Dir() string { return c.dir }

// AddProcess runs a program under the same care as the control plane's own: its
// output goes to <name>.log, and it is stopped before them. The command serves
// as a model for each start, so it must not have been started; its own Stdout
// and Stderr are not used.
func (c *Cluster) AddProcess(name string, command *exec.Cmd) (*Process, error) {
	if command.Err != nil {
		return nil, fmt.Errorf("add process %s: %w", name, command.Err)
	}
	return c.start(name, func() *exec.Cmd {
		return &exec.Cmd{
			Path: command.Path, Args: command.Args, Env: command.Env, Dir: command.Dir,
			Stdin: command.Stdin, ExtraFiles: command.ExtraFiles,
		}
	})
}

// start holds the lock until the process runs, so that Stop either finds the
// process or prevents it.
func (c *Cluster) start(name string, command func() *exec.Cmd) (*Process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return nil, fmt.Errorf("start %s: %w", name, errStopped)
	}
	if c.find(name) != nil {
		return nil, fmt.Errorf("a process called %s is there already; choose another name", name)
	}
	process := &Process{name: name, log: filepath.Join(c.dir, name+".log"), command: command, starter: c.starter}
	if err := process.Start(); err != nil {
		return nil, err
	}
	c.processes = append(c.processes, process)
	return process, nil
}

// childCommand gives the control plane's programs a bare environment: a
// developer's variables and home folder would change what they do.
func (c *Cluster) childCommand(path string, args []string) func() *exec.Cmd {
	return func() *exec.Cmd {
		command := exec.Command(path, args...)
		command.Dir = c.dir
		command.Env = []string{"HOME=" + c.dir, "PATH=" + os.Getenv("PATH")}
		return command
	}
}

func (c *Cluster) forget(process *Process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.processes = slices.DeleteFunc(c.processes, func(p *Process) bool { return p == process })
}

// Process returns the process of the given name, or nil. The control plane's
// are called as their programs are, and the kubelet of each node is called
// kwok-<node>.
func (c *Cluster) Process(name string) *Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.find(name)
}

func (c *Cluster) find(name string) *Process {
	for _, process := range c.processes {
		if process.name == name {
			return process
		}
	}
	return nil
}

// Processes returns all processes in the order in which they were added.
func (c *Cluster) Processes() []*Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.processes)
}

// Err names the processes that ended unexpectedly, and how.
func (c *Cluster) Err() error {
	var errs []error
	for _, process := range c.Processes() {
		errs = append(errs, process.Err())
	}
	return errors.Join(errs...)
}

// Stop stops all processes, the last one first, and removes what the cluster
// left on the disk. It returns when that is done, also when called again.
func (c *Cluster) Stop() {
	c.stopOnce.Do(c.stop)
}

func (c *Cluster) stop() {
	c.mu.Lock()
	c.stopped = true
	processes := slices.Clone(c.processes)
	c.mu.Unlock()

	volumes := c.volumeFolders()
	for _, process := range slices.Backward(processes) {
		process.Stop()
	}
	c.starter.close()
	c.cancel()
	removeAll(volumes)
	if !c.options.KeepDir {
		removeAll([]string{c.dir})
	}
}

// removeAll goes on after an error: a test that has passed should not fail
// because of a file that stayed behind in the temporary folder.
func removeAll(paths []string) {
	for _, path := range paths {
		_ = os.RemoveAll(path)
	}
}
