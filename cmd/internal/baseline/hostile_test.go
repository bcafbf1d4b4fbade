package baseline_test

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/cmd/internal/manifest"
)

// bounded fails where something takes longer than a person would wait.
func bounded(t *testing.T) {
	t.Helper()
	began := time.Now()
	t.Cleanup(func() {
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

// bomb writes a git object of 8 GiB into a few MiB, and returns its name.
func (r repository) bomb() string {
	r.t.Helper()
	const size, block = 8 << 30, 1 << 20
	var packed bytes.Buffer
	writer := zlib.NewWriter(&packed)
	zeros := bytes.Repeat([]byte{0}, block)
	write := func(content []byte) []byte {
		from := packed.Len()
		if _, err := writer.Write(content); err != nil {
			r.t.Fatal(err)
		}
		if err := writer.Flush(); err != nil {
			r.t.Fatal(err)
		}
		return packed.Bytes()[from:]
	}
	write(fmt.Appendf(nil, "blob %d\x00", size))
	write(zeros)
	// From here on each block is packed alike, for the same text is before it.
	repeated := bytes.Clone(write(zeros))
	packed.Write(bytes.Repeat(repeated, size/block-2))
	name := strings.Repeat("ab", 20)
	folder := r.path(filepath.Join(".git", "objects", name[:2]))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name[2:]), packed.Bytes(), 0o644); err != nil {
		r.t.Fatal(err)
	}
	return name
}

func TestRevisionSkipsObjectsThatUnpackToGigabytes(t *testing.T) {
	t.Parallel()
	bounded(t)
	r := newRepository(t)
	r.commit(map[string]string{"a.yaml": service("a")})
	r.git("update-index", "--add", "--cacheinfo", "100644,"+r.bomb()+",b.yaml")
	r.git("commit", "--quiet", "--message=bomb")
	got := compare(t, r, "HEAD", ".")
	if want := "the file is larger than"; !strings.Contains(got.Error, want) || !strings.Contains(got.Error, "b.yaml") {
		t.Errorf("got %+v", got)
	}
}

// nested makes a tree of ten trees of ten trees, and so on, and commits it.
func (r repository) nested(levels int) {
	r.t.Helper()
	r.commit(map[string]string{"a.yaml": service("a")})
	tree := r.git("rev-parse", "HEAD^{tree}")
	for range levels {
		var lines strings.Builder
		for index := range 10 {
			fmt.Fprintf(&lines, "040000 tree %s\t%d\n", tree, index)
		}
		r.write(map[string]string{".git/lines": lines.String()})
		tree = r.gitFrom(".git/lines", "mktree")
	}
	r.git("update-ref", "refs/heads/main", r.git("commit-tree", tree, "-m", "nested"))
}

func TestRevisionEndsWhenTreesDoubleAtEachLevel(t *testing.T) {
	t.Parallel()
	bounded(t)
	r := newRepository(t)
	r.nested(12)
	got := compare(t, r, "main", ".")
	if want := "git printed more than"; !strings.Contains(got.Error, want) {
		t.Errorf("got %+v", got)
	}
}

func TestRevisionEndsAtTheLimitsOfAWalk(t *testing.T) {
	t.Parallel()
	bounded(t)
	r := newRepository(t)
	r.nested(3)
	for want, opts := range map[string]manifest.Options{
		"more than 100 files":                  {MaxFiles: 100},
		"are larger than 10000 bytes together": {MaxTotalBytes: 10_000},
	} {
		got := outcomeOf(t, r.top, "main", []string{r.top}, opts)
		if !strings.Contains(got.Error, want) {
			t.Errorf("got %+v, want %s", got, want)
		}
	}
}

func TestRevisionRunsNoProgramsOfTheRepository(t *testing.T) {
	t.Parallel()
	bounded(t)
	r := newRepository(t)
	r.commit(map[string]string{"a.yaml": service("a"), "gone.yaml": service("gone"), "k/kustomization.yaml": "resources: [b.yaml]\n", "k/b.yaml": service("b")})
	marker := r.path("marker")
	run := "touch " + marker
	for key, value := range map[string]string{
		"core.fsmonitor": run, "core.hooksPath": r.path("hooks"), "core.pager": run, "core.editor": run, "core.sshCommand": run,
		"core.askPass": run, "core.gitProxy": run, "core.alternateRefsCommand": run, "credential.helper": "!" + run, "pager.ls-tree": run, "pager.cat-file": run,
		"alias.ls-tree": "!" + run, "alias.cat-file": "!" + run, "alias.rev-parse": "!" + run,
		"filter.evil.clean": run, "filter.evil.smudge": run, "filter.evil.process": run, "filter.evil.required": "true",
		"diff.evil.textconv": run, "diff.evil.command": run, "diff.external": run, "gpg.program": run, "log.showSignature": "true",
		"extensions.partialClone": "origin", "remote.origin.url": "ext::sh -c " + strings.ReplaceAll(run, " ", "% "),
		"remote.origin.promisor": "true", "remote.origin.uploadpack": run, "protocol.allow": "always", "protocol.ext.allow": "always",
	} {
		r.git("config", key, value)
	}
	script := "#!/bin/sh\n" + run + "\n"
	hooks := map[string]string{".gitattributes": "* filter=evil diff=evil\n", "a.yaml": service("changed")}
	for _, hook := range []string{"post-checkout", "post-index-change", "fsmonitor-watchman", "query-watchman", "reference-transaction", "pre-auto-gc"} {
		hooks["hooks/"+hook], hooks[".git/hooks/"+hook] = script, script
	}
	r.write(hooks)
	for name := range hooks {
		if strings.Contains(name, "hooks/") {
			if err := os.Chmod(r.path(name), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.remove("gone.yaml")
	_ = os.Remove(marker)
	if got := compare(t, r, "HEAD", "."); got.Error != "" || len(got.Changes) == 0 {
		t.Errorf("got %+v", got)
	}
	if _, err := os.Lstat(marker); err == nil {
		t.Error("the repository ran a program")
	}
	// An object that the clone lacks would be fetched from the promisor.
	blob := r.git("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "rev-parse", "HEAD:gone.yaml")
	r.remove(filepath.Join(".git", "objects", blob[:2], blob[2:]))
	_ = os.Remove(marker)
	if got := compare(t, r, "HEAD", "."); !strings.Contains(got.Error, "gone.yaml") {
		t.Errorf("got %+v", got)
	}
	if _, err := os.Lstat(marker); err == nil {
		t.Error("the repository ran a program")
	}
}
