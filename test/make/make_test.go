// Package make_test runs targets of the Makefile on machines that lack something.
package make_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stateward/stateward/test/environment"
)

func TestMakeReportsMissingProgramsInOneSentence(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lacks     string
		variables []string
		arguments []string
		want      string
	}{
		"an unknown rule":       {arguments: []string{"test-rule", "RULE=nope"}, want: "error: unknown RULE=nope: use the name of a folder"},
		"a pattern for a rule":  {arguments: []string{"test-rule", "RULE=*"}, want: "error: unknown RULE=*: use the name of a folder"},
		"no rule":               {arguments: []string{"test-rule"}, want: "error: unknown RULE=: use the name of a folder"},
		"an unknown version":    {arguments: []string{"test-versions", "VERSIONS=1.12"}, want: "error: VERSIONS=1.12: Stateward supports Kubernetes 1.30 and newer"},
		"no version":            {arguments: []string{"test-versions", "VERSIONS=abc"}, want: `error: VERSIONS=abc: "abc" is not a minor version of Kubernetes`},
		"test-versions offline": {variables: offline(t), arguments: []string{"test-versions"}, want: "error: the Go modules cannot be downloaded: check the network"},
		"no registry":           {arguments: []string{"release"}, want: "error: set REGISTRY"},
		"run without go":        {lacks: "go", arguments: []string{"run"}, want: "error: go is not in the PATH: install"},
		"run without git":       {lacks: "git", arguments: []string{"run"}, want: "error: git is not in the PATH: install"},
		"run offline":           {variables: offline(t), arguments: []string{"run"}, want: "error: the Go modules cannot be downloaded: check the network"},
		"test-rule offline":     {variables: offline(t), arguments: []string{"test-rule", "RULE=quorum"}, want: "error: the Go modules cannot be downloaded: check the network"},
		"control-plane offline": {variables: offline(t), arguments: []string{"control-plane"}, want: "error: the Go modules cannot be downloaded: check the network"},
		"lint offline":          {variables: offline(t), arguments: []string{"lint"}, want: "error: the Go modules cannot be downloaded: check the network"},
		"test offline":          {variables: offline(t), arguments: []string{"test"}, want: "error: the Go modules cannot be downloaded: check the network"},
		"release without go":    {lacks: "go", arguments: []string{"release-dry-run"}, want: "error: go is not in the PATH: install"},
		"an unknown step":       {arguments: []string{"run", "STEP=99"}, want: "error: unknown STEP=99: use one of"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := exec.CommandContext(t.Context(), "make", test.arguments...)
			command.Dir = filepath.Join("..", "..")
			command.Env = append(append(os.Environ(), "PATH="+path(t, test.lacks), "MAKEFLAGS="), test.variables...)
			output, code := environment.Output(t, command)
			if said := errors(output); code == 0 || len(said) != 1 || !strings.HasPrefix(said[0], test.want) {
				t.Errorf("exit code %d, want one line that begins with %q:\n%s", code, test.want, output)
			}
		})
	}
}

// offline are the variables of a machine that has no modules and no network.
func offline(t *testing.T) []string {
	t.Helper()
	return []string{"GOPROXY=off", "GOFLAGS=-mod=mod", "GOMODCACHE=" + t.TempDir()}
}

// path is a PATH with what the Makefile runs, without one of the programs.
func path(t *testing.T, lacks string) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"make", "sh", "cat", "echo", "go", "git", "grep", "head", "ls", "uname"} {
		if name == lacks {
			continue
		}
		program, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(program, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// errors are the lines of an output without those of make, of `go run` and of progress.
func errors(output string) (lines []string) {
	for line := range strings.Lines(output) {
		if !strings.HasPrefix(line, "make") && !strings.HasPrefix(line, "exit status ") && !strings.HasPrefix(line, "compiling ") {
			lines = append(lines, line)
		}
	}
	return lines
}
