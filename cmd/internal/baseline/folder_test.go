package baseline_test

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/manifest"
)

func TestFolderIsComparedByItsObjects(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	r.commit(map[string]string{
		"old/x/a.yaml": service("a") + "---\n" + service("b"), "old/c.yaml": service("c"),
		"new/a.yaml": service("a"), "new/d.yaml": service("d"), "empty/README.md": "", "broken/a.yaml": "apiVersion: v1\nkind: [",
	})
	for name, test := range map[string]struct {
		baseline, path string
		want           outcome
	}{
		"whatever files they are in": {
			baseline: r.path("old"), path: r.path("new"),
			want: outcome{Changes: []string{
				"same a REPO/new/a.yaml:1:1", "new d REPO/new/d.yaml:1:1", "gone c REPO/old/c.yaml:1:1", "gone b REPO/old/x/a.yaml:3:1",
			}},
		},
		"from standard input": {
			baseline: r.path("old"), path: "-",
			want: outcome{Changes: []string{"same b stdin:1:1", "gone c REPO/old/c.yaml:1:1", "gone a REPO/old/x/a.yaml:1:1"}},
		},
		"a folder that is not there": {
			baseline: "./none", path: r.path("new"),
			want: outcome{Error: "--baseline ./none: the folder does not exist; give a revision without ./"},
		},
		"a file": {
			baseline: r.path("old/c.yaml"), path: r.path("new"),
			want: outcome{Error: "--baseline REPO/old/c.yaml is a file: name the folder it lies in, or a git revision"},
		},
		"a folder without manifests": {
			baseline: r.path("empty"), path: r.path("new"),
			want: outcome{Error: "REPO/empty: read the baseline: no .yaml, .yml or .json file in this folder; name another one"},
		},
		"a folder with a broken file": {
			baseline: r.path("broken"), path: r.path("new"),
			want: outcome{Error: "REPO/broken/a.yaml:2:1: read the baseline: invalid YAML: did not find expected node content"},
		},
		"nothing": {
			baseline: "", path: r.path("new"), want: outcome{Error: "--baseline is empty: name a git revision or a folder"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := outcomeOf(t, r.top, test.baseline, []string{test.path}, manifest.Options{Stdin: strings.NewReader(service("b"))})
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
		})
	}
}

// A hook of git has the repository that it runs in in its environment, as seen from another folder.
func TestBaselineIgnoresTheEnvironmentOfGitHooks(t *testing.T) {
	r, other := newRepository(t), newRepository(t)
	r.commit(map[string]string{"d/a.yaml": service("a")})
	other.commit(map[string]string{"d/a.yaml": service("other")})
	t.Setenv("GIT_DIR", other.path(".git"))
	t.Setenv("GIT_WORK_TREE", other.top)
	want := outcome{Changes: []string{"same a REPO/d/a.yaml:1:1"}}
	if diff := gocmp.Diff(want, compare(t, r, "main", "d")); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
}

func TestBaselineFailsWithoutGit(t *testing.T) {
	r := newRepository(t)
	r.commit(map[string]string{"a.yaml": service("a")})
	t.Setenv("PATH", t.TempDir())
	want := outcome{Error: "a revision is read with git, which is not in the PATH: install it, or give a folder as --baseline"}
	if diff := gocmp.Diff(want, compare(t, r, "main", "a.yaml")); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
}
