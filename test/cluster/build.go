package cluster

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// assetsVariable is the variable by which the Kubernetes test tools are told
// where ready-made binaries are.
const assetsVariable = "KUBEBUILDER_ASSETS"

// Binaries maps the names of tools to the paths of their binaries.
type Binaries map[string]string

// Build makes sure that the named tools exist and returns where they are. It
// builds into the repository's bin folder only what is missing or was built
// from other sources, prints its progress on out, and is safe to be called by
// several processes at once.
func Build(ctx context.Context, out io.Writer, names ...string) (Binaries, error) {
	found, err := find(ctx, names)
	if err != nil {
		return nil, err
	}
	if err := buildAll(ctx, out, found.root, found.jobs); err != nil {
		return nil, err
	}
	return found.binaries(), nil
}

// Built is Build for tests: it builds nothing, because a first build takes
// longer than the time that go test allows by default, and what ends then is a
// hundred lines of stacks. It says how to build what is missing.
func Built(ctx context.Context, names ...string) (Binaries, error) {
	found, err := find(ctx, names)
	if err != nil {
		return nil, err
	}
	if err := missing(stale(found.jobs)); err != nil {
		return nil, err
	}
	return found.binaries(), nil
}

func missing(jobs []job) error {
	if len(jobs) == 0 {
		return nil
	}
	var names []string
	for _, job := range jobs {
		names = append(names, job.tool.Name)
	}
	return fmt.Errorf("bin/ has no current %s: run `go run ./test/cluster/build %s` in the root of the repository, which takes minutes the first time, and then the tests again",
		strings.Join(names, ", "), strings.Join(names, " "))
}

// found are tools that exist, and those that may have to be built.
type found struct {
	root  string
	ready Binaries
	jobs  []job
}

func find(ctx context.Context, names []string) (found, error) {
	root, err := Root()
	if err != nil {
		return found{}, err
	}
	tools, err := findTools(names)
	if err != nil {
		return found{}, err
	}
	ready, toBuild, err := fromAssets(os.Getenv(assetsVariable), tools)
	if err != nil {
		return found{}, err
	}
	jobs, err := newJobs(ctx, root, toBuild)
	return found{root, ready, jobs}, err
}

func (f found) binaries() Binaries {
	binaries := maps.Clone(f.ready)
	for _, job := range f.jobs {
		binaries[job.tool.Name] = job.binary
	}
	return binaries
}

// fromAssets takes from the folder of ready-made binaries the control plane of
// Kubernetes, and etcd and kubectl where they are there, and returns the tools
// that are left to build. A folder that lacks one of the control plane's
// programs is an error: one that is built here would be of another version.
func fromAssets(folder string, tools []Tool) (ready Binaries, left []Tool, err error) {
	ready = make(Binaries)
	if folder == "" {
		return ready, tools, nil
	}
	var lacking []string
	for _, tool := range tools {
		path := filepath.Join(folder, tool.Name)
		switch {
		case isFile(path) && (tool.versioned || tool.Name == "etcd"):
			ready[tool.Name] = path
		case tool.controlPlane():
			lacking = append(lacking, tool.Name)
		default:
			left = append(left, tool)
		}
	}
	if len(lacking) > 0 {
		return nil, nil, fmt.Errorf("%s=%s lacks %s, and programs of several Kubernetes versions are never mixed: put these into the folder too, or unset the variable",
			assetsVariable, folder, strings.Join(lacking, ", "))
	}
	return ready, left, nil
}

func newJobs(ctx context.Context, root string, tools []Tool) ([]job, error) {
	var jobs []job
	for _, tool := range tools {
		job, err := newJob(ctx, tool, tool.dir(root), filepath.Join(root, "bin"))
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, job)
	}
	return jobs, nil
}

func buildAll(ctx context.Context, out io.Writer, root string, jobs []job) error {
	if len(stale(jobs)) == 0 {
		return nil
	}
	bin := filepath.Join(root, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return fmt.Errorf("make the folder for the tools: %w", err)
	}
	unlock, err := lock(ctx, out, filepath.Join(bin, ".lock"))
	if err != nil {
		return err
	}
	defer unlock()

	// Another process may have built them while this one waited for the lock.
	todo := stale(jobs)
	progress := newProgress(out)
	for i, job := range todo {
		label := fmt.Sprintf("building %s (%d of %d)", job.tool.Name, i+1, len(todo))
		if err := progress.run(label, func() error { return job.build(ctx) }); err != nil {
			return err
		}
	}
	return nil
}

func stale(jobs []job) []job {
	var stale []job
	for _, job := range jobs {
		if !job.current() {
			stale = append(stale, job)
		}
	}
	return stale
}

// build compiles to a temporary name and renames at the end, so that an
// interrupted build never leaves half a binary. The old stamp goes before the
// old binary and the new one comes after the new binary: at no moment does a
// stamp vouch for a binary that it does not belong to.
func (j job) build(ctx context.Context) error {
	unfinished := filepath.Join(filepath.Dir(j.binary), "."+j.tool.Name+".unfinished")
	defer os.Remove(unfinished)

	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", j.linkFlags, "-o", unfinished, j.tool.Package)
	command.Dir = j.dir
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	// An interrupted go command cleans up and stops its compilers; a killed one
	// leaves both behind.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	if output, err := command.CombinedOutput(); err != nil {
		if reason := unreachable(string(output)); reason != "" {
			return fmt.Errorf("build %s: its modules cannot be downloaded: check the network and `go env GOPROXY`, and run this again (%s)", j.tool.Name, reason)
		}
		return fmt.Errorf("build %s in %s: %w\n%s", j.tool.Name, command.Dir, err, lastLines(string(output), 20))
	}
	if err := os.Remove(j.stampFile); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("remove the old stamp of %s: %w", j.tool.Name, err)
	}
	if err := os.Rename(unfinished, j.binary); err != nil {
		return fmt.Errorf("put %s in place: %w", j.tool.Name, err)
	}
	if err := os.WriteFile(j.stampFile, []byte(j.stamp+"\n"), 0o644); err != nil {
		return fmt.Errorf("write the stamp of %s: %w", j.tool.Name, err)
	}
	return nil
}

// noNetwork is what the go command says of a module that it cannot download.
var noNetwork = regexp.MustCompile(`module lookup disabled by GOPROXY=off|(?:dial|read|write) tcp.*|reading https?://.*|proxyconnect .*|TLS handshake timeout`)

// unreachable returns why modules could not be downloaded, or nothing if a
// build failed for another reason.
func unreachable(output string) string { return noNetwork.FindString(output) }

// lastLines returns the end of a text: that is where compilers and servers say
// what went wrong.
func lastLines(text string, count int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) > count {
		lines = lines[len(lines)-count:]
	}
	return strings.Join(lines, "\n")
}
