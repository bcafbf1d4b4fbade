package baseline_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// repository is a real one in a folder of its own.
type repository struct {
	t   *testing.T
	top string
}

func newRepository(t *testing.T) repository {
	t.Helper()
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := repository{t: t, top: top}
	r.git("init", "--quiet", "--initial-branch=main", ".")
	return r
}

func (r repository) git(arguments ...string) string { return r.gitFrom(os.DevNull, arguments...) }

// gitFrom runs git with a file of the repository as its input.
func (r repository) gitFrom(input string, arguments ...string) string {
	r.t.Helper()
	command := exec.CommandContext(r.t.Context(), "git", arguments...)
	command.Dir = r.top
	if input != os.DevNull {
		text, err := os.ReadFile(r.path(input))
		if err != nil {
			r.t.Fatal(err)
		}
		command.Stdin = bytes.NewReader(text)
	}
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull,
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE=2026-01-01T00:00:00Z",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_COMMITTER_DATE=2026-01-01T00:00:00Z")
	output, err := command.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %s: %v: %s", strings.Join(arguments, " "), err, output)
	}
	return strings.TrimSpace(string(output))
}

func (r repository) path(name string) string { return filepath.Join(r.top, name) }

func (r repository) write(files map[string]string) {
	r.t.Helper()
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(r.path(name)), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(r.path(name), []byte(content), 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
}

// commit writes files and commits all there is.
func (r repository) commit(files map[string]string) {
	r.t.Helper()
	r.write(files)
	r.git("add", "--all")
	r.git("commit", "--quiet", "--allow-empty", "--message=change")
}

func (r repository) remove(name string) {
	r.t.Helper()
	if err := os.RemoveAll(r.path(name)); err != nil {
		r.t.Fatal(err)
	}
}

func (r repository) link(target, name string) {
	r.t.Helper()
	if err := os.Symlink(target, r.path(name)); err != nil {
		r.t.Fatal(err)
	}
}

// clone makes another repository of this one.
func (r repository) clone(arguments ...string) repository {
	r.t.Helper()
	top, err := filepath.EvalSymlinks(r.t.TempDir())
	if err != nil {
		r.t.Fatal(err)
	}
	r.git(append(append([]string{"clone", "--quiet"}, arguments...), "file://"+r.top, top)...)
	return repository{t: r.t, top: top}
}

// service is a manifest of one line.
func service(name string) string {
	return "{apiVersion: v1, kind: Service, metadata: {name: " + name + "}}\n"
}
