package cluster

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBuildReportsProgress(t *testing.T) {
	tests := map[string]struct {
		terminal bool
		outcome  error
		want     string
	}{
		"a log gets a line for each report": {
			want: "building etcd (1 of 2) ...\n" +
				"building etcd (1 of 2) ... 1m12s\n" +
				"building etcd (1 of 2) ... done in 1m12s\n",
		},
		"a terminal's line is rewritten in place": {
			terminal: true,
			want:     "building etcd (1 of 2) ...\rbuilding etcd (1 of 2) ... 1m12s\rbuilding etcd (1 of 2) ... done in 1m12s\n",
		},
		"a failure is not called done": {
			outcome: errors.New("no such package"),
			want: "building etcd (1 of 2) ...\n" +
				"building etcd (1 of 2) ... 1m12s\n" +
				"building etcd (1 of 2) ... failed after 1m12s\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			done, ticks := make(chan error), make(chan time.Time)
			go func() {
				ticks <- time.Time{}
				done <- test.outcome
			}()
			progress := progress{out: &out, terminal: test.terminal}
			elapsed := func() time.Duration { return 71_600 * time.Millisecond }

			err := progress.follow("building etcd (1 of 2)", done, ticks, elapsed)

			if !errors.Is(err, test.outcome) {
				t.Errorf("the error is %v, want %v", err, test.outcome)
			}
			if diff := cmp.Diff(test.want, out.String()); diff != "" {
				t.Errorf("wrong output (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStampChangesWithEveryPartOfTheRecipe(t *testing.T) {
	base := recipe{goMod: []byte("mod"), goSum: []byte("sum"), linkFlags: "-s", toolchain: "go1"}
	same := base
	if same.stamp() != base.stamp() {
		t.Fatal("the same recipe has two stamps")
	}
	others := map[string]recipe{
		"another source":     {goMod: []byte("mod"), goSum: []byte("sum"), source: []byte("package main"), linkFlags: "-s", toolchain: "go1"},
		"go.mod":             {goMod: []byte("mod2"), goSum: []byte("sum"), linkFlags: "-s", toolchain: "go1"},
		"go.sum":             {goMod: []byte("mod"), goSum: []byte("sum2"), linkFlags: "-s", toolchain: "go1"},
		"link flags":         {goMod: []byte("mod"), goSum: []byte("sum"), linkFlags: "-w", toolchain: "go1"},
		"toolchain":          {goMod: []byte("mod"), goSum: []byte("sum"), linkFlags: "-s", toolchain: "go2"},
		"text between parts": {goMod: []byte("mods"), goSum: []byte("um"), linkFlags: "-s", toolchain: "go1"},
	}
	for name, other := range others {
		if other.stamp() == base.stamp() {
			t.Errorf("the stamp does not change with the %s", name)
		}
	}
}

func TestBinaryIsCurrentOnlyWithItsOwnStamp(t *testing.T) {
	tests := map[string]struct {
		binary bool
		stamp  string
		want   bool
	}{
		"built by this recipe":    {binary: true, stamp: "abc\n", want: true},
		"built by another recipe": {binary: true, stamp: "abd\n"},
		"built by hand":           {binary: true},
		"deleted":                 {stamp: "abc\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			job := job{stamp: "abc", binary: filepath.Join(dir, "tool"), stampFile: filepath.Join(dir, ".tool.sum")}
			if test.binary {
				writeFile(t, job.binary, "binary")
			}
			if test.stamp != "" {
				writeFile(t, job.stampFile, test.stamp)
			}
			if got := job.current(); got != test.want {
				t.Errorf("current is %v, want %v", got, test.want)
			}
		})
	}
}

func TestKubernetesVersionComesFromItsModule(t *testing.T) {
	tests := map[string]struct {
		goMod string
		want  string
	}{
		"in a block":        {goMod: "require (\n\tk8s.io/kubernetes v1.37.2 // indirect\n)\n", want: "v1.37.2"},
		"on its own":        {goMod: "require k8s.io/kubernetes v1.37.2\n", want: "v1.37.2"},
		"not as a tool":     {goMod: "tool k8s.io/kubernetes/cmd/kubectl\n"},
		"not as a replaced": {goMod: "replace (\n\tk8s.io/kubernetes => k8s.io/kubernetes v1.0.0\n)\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := requiredVersion([]byte(test.goMod), "k8s.io/kubernetes")
			if got != test.want || (err == nil) != (test.want != "") {
				t.Errorf("version %q, error %v; want version %q", got, err, test.want)
			}
		})
	}
}

func TestPrebuiltBinariesAreUsedInPlace(t *testing.T) {
	kubernetes := []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"}
	for name, test := range map[string]struct {
		holds, asked, ready, left []string
		lacks                     string
	}{
		"a whole control plane":          {holds: append(kubernetes, "etcd", "kwok"), asked: ControlPlane(), ready: append(kubernetes, "etcd"), left: []string{"kwok", "coredns"}},
		"etcd is built if it is away":    {holds: kubernetes, asked: ControlPlane(), ready: kubernetes, left: []string{"etcd", "kwok", "coredns"}},
		"kubectl is built if it is away": {holds: kubernetes[:3], asked: ControlPlane(), ready: kubernetes[:3], left: []string{"etcd", "kubectl", "kwok", "coredns"}},
		"a folder of envtest":            {holds: []string{"etcd", "kube-apiserver", "kubectl"}, asked: ControlPlane(), lacks: "kube-controller-manager, kube-scheduler"},
		"an empty folder":                {asked: ControlPlane(), lacks: "kube-apiserver, kube-controller-manager, kube-scheduler"},
		"programs of other projects":     {asked: []string{"opa"}, left: []string{"opa"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, program := range test.holds {
				writeFile(t, filepath.Join(dir, program), "binary")
			}
			tools, err := findTools(test.asked)
			if err != nil {
				t.Fatal(err)
			}

			binaries, left, err := fromAssets(dir, tools)

			if test.lacks != "" {
				want := "KUBEBUILDER_ASSETS=" + dir + " lacks " + test.lacks + ", and programs of several Kubernetes versions are never mixed: put these into the folder too, or unset the variable"
				if err == nil || err.Error() != want {
					t.Errorf("the error is %v, want %s", err, want)
				}
				return
			}
			want := Binaries{}
			for _, program := range test.ready {
				want[program] = filepath.Join(dir, program)
			}
			if diff := cmp.Diff(want, binaries); diff != "" || err != nil {
				t.Errorf("error %v, wrong binaries (-want +got):\n%s", err, diff)
			}
			if diff := cmp.Diff(test.left, toolNames(left)); diff != "" {
				t.Errorf("wrong tools left to build (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnknownToolErrorListsTheTools(t *testing.T) {
	_, err := Build(t.Context(), io.Discard, "kubelet")
	if err == nil || !strings.Contains(err.Error(), "kube-apiserver") {
		t.Errorf("the error is %v; it should name the tools to choose from", err)
	}
}

func TestToolsHaveTheirModules(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range Tools() {
		goMod, err := os.ReadFile(filepath.Join(tool.dir(root), "go.mod"))
		if err != nil {
			t.Errorf("%s: %v", tool.Name, err)
		}
		if tool.Package == "." {
			if !isFile(filepath.Join(tool.dir(root), "main.go")) {
				t.Errorf("the module of %s has no main package", tool.Name)
			}
			continue
		}
		if !strings.Contains(string(goMod), tool.Package+"\n") {
			t.Errorf("the module of %s does not name %s as a tool", tool.Name, tool.Package)
		}
	}
}

func TestFailedBuildShowsErrorsAndLeavesNoFiles(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "test", "tools", "broken")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "go.mod"), "module broken\n")
	writeFile(t, filepath.Join(dir, "go.sum"), "")
	writeFile(t, filepath.Join(dir, "main.go"), "package main\nfunc main() { undefinedFunction() }\n")
	work, err := newJob(t.Context(), Tool{Name: "broken", Module: "broken", Package: "broken"}, dir, filepath.Join(root, "bin"))
	if err != nil {
		t.Fatal(err)
	}

	err = buildAll(t.Context(), io.Discard, root, []job{work})

	if err == nil || !strings.Contains(err.Error(), "undefined: undefinedFunction") {
		t.Errorf("the error is %v; it should say what the compiler said", err)
	}
	if files := folderNames(t, filepath.Join(root, "bin")); !cmp.Equal(files, []string{".lock"}) {
		t.Errorf("the bin folder holds %v, want only the lock", files)
	}
}

func TestBuildWithoutNetworkExplainsWhatToDo(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOMODCACHE", t.TempDir())
	root := t.TempDir()
	dir := filepath.Join(root, "test", "tools", "far")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "go.mod"), "module far\nrequire example.com/far v1.0.0\n")
	writeFile(t, filepath.Join(dir, "go.sum"), "")
	writeFile(t, filepath.Join(dir, "main.go"), "package main\nimport _ \"example.com/far\"\nfunc main() {}\n")
	work, err := newJob(t.Context(), Tool{Name: "far", Module: "far", Package: "far"}, dir, filepath.Join(root, "bin"))
	if err != nil {
		t.Fatal(err)
	}

	err = buildAll(t.Context(), io.Discard, root, []job{work})

	if err == nil || !strings.HasPrefix(err.Error(), "build far: its modules cannot be downloaded: check the network") || strings.Contains(err.Error(), "\n") {
		t.Errorf("the error is %v; it should be one line that says what to do", err)
	}
}

func TestUnreachableMatchesErrorsOfGo(t *testing.T) {
	for output, want := range map[string]string{
		"go: a.example/b@v1: Get \"https://p/a\": dial tcp: lookup p on 1.1.1.1:53: no such host\nmore": "dial tcp: lookup p on 1.1.1.1:53: no such host",
		"go: a.example/b@v1: module lookup disabled by GOPROXY=off":                                     "module lookup disabled by GOPROXY=off",
		"go: a.example/b@v1: reading https://p/a: 502 Bad Gateway":                                      "reading https://p/a: 502 Bad Gateway",
		"./main.go:3:2: undefined: tcp":                                                                 "",
	} {
		if got := unreachable(output); got != want {
			t.Errorf("%q: got %q, want %q", output, got, want)
		}
	}
}

func TestMissingProgramsAreNamedWithTheirCommand(t *testing.T) {
	dir := t.TempDir()
	var jobs []job
	for _, name := range []string{"etcd", "kwok", "opa"} {
		jobs = append(jobs, job{tool: Tool{Name: name}, stamp: "abc", binary: filepath.Join(dir, name), stampFile: filepath.Join(dir, "."+name+".sum")})
	}
	writeFile(t, jobs[0].binary, "binary")
	writeFile(t, jobs[0].stampFile, "abc\n")
	writeFile(t, jobs[1].binary, "half a binary")

	err := missing(stale(jobs))

	if err == nil || !strings.HasPrefix(err.Error(), "bin/ has no current kwok, opa: run `go run ./test/cluster/build kwok opa`") {
		t.Errorf("the error is %v; it should name kwok and opa, and how to build them", err)
	}
	if err := missing(stale(jobs[:1])); err != nil {
		t.Errorf("the error is %v and everything is built", err)
	}
}

func TestBuildIsQuietWhenBinariesAreCurrent(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "test", "tools", "small")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "go.mod"), "module small\n")
	writeFile(t, filepath.Join(dir, "go.sum"), "")
	writeFile(t, filepath.Join(dir, "main.go"), "package main\nfunc main() {}\n")
	work, err := newJob(t.Context(), Tool{Name: "small", Module: "small", Package: "small"}, dir, filepath.Join(root, "bin"))
	if err != nil {
		t.Fatal(err)
	}
	var first, second strings.Builder
	if err := buildAll(t.Context(), &first, root, []job{work}); err != nil {
		t.Fatal(err)
	}
	if err := buildAll(t.Context(), &second, root, []job{work}); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(first.String(), "building small (1 of 1) ...\n") {
		t.Errorf("the first build says %q", first.String())
	}
	if second.String() != "" {
		t.Errorf("the second build says %q, want nothing", second.String())
	}
}

func TestSecondBuilderWaitsForTheFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".lock")
	unlock, err := lock(t.Context(), io.Discard, path)
	if err != nil {
		t.Fatal(err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	var out strings.Builder
	if _, err := lock(canceled, &out, path); !errors.Is(err, context.Canceled) {
		t.Errorf("the second builder got %v, want to wait until it was canceled", err)
	}
	if !strings.Contains(out.String(), "waiting for another process") {
		t.Errorf("the second builder says %q; it should say what it waits for", out.String())
	}
	unlock()
	unlockAgain, err := lock(t.Context(), io.Discard, path)
	if err != nil {
		t.Fatalf("the lock is not given back: %v", err)
	}
	unlockAgain()
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func folderNames(t *testing.T, path string) []string {
	t.Helper()
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
