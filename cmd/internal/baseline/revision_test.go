package baseline_test

import (
	"cmp"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/baseline"
	"github.com/stateward/stateward/cmd/internal/manifest"
)

// outcome is what came out of a comparison, in words, with the repository called REPO.
type outcome struct {
	Changes, Notes []string
	Error          string
}

func compare(t *testing.T, r repository, revision string, paths ...string) outcome {
	t.Helper()
	for index := range paths {
		paths[index] = r.path(paths[index])
	}
	return outcomeOf(t, r.top, revision, paths, manifest.Options{})
}

func outcomeOf(t *testing.T, top, name string, paths []string, opts manifest.Options) outcome {
	t.Helper()
	return outcomeOfGiven(t, top, name, baseline.Given{Paths: paths}, opts)
}

func outcomeOfGiven(t *testing.T, top, name string, given baseline.Given, opts manifest.Options) outcome {
	t.Helper()
	var got outcome
	before, after, err := baseline.Read(t.Context(), name, given, opts)
	err = errors.Join(err, before.Unreadable, after.Unreadable)
	var changes []baseline.Change
	if err == nil {
		changes, got.Notes, err = baseline.Pair(before, after, "default")
	}
	plain := func(text string) string { return strings.ReplaceAll(text, cmp.Or(top, "\x00"), "REPO") }
	if err != nil {
		return outcome{Error: plain(err.Error())}
	}
	for _, change := range changes {
		got.Changes = append(got.Changes, plain(described(change)))
	}
	for index, note := range got.Notes {
		got.Notes[index] = plain(note)
	}
	return got
}

func described(change baseline.Change) string {
	where := func(document *manifest.Document) string {
		return cmp.Or(document.Name, document.Kind) + " " + document.Position(nil).String()
	}
	switch {
	case change.Before == nil:
		return "new " + where(change.After)
	case change.After == nil:
		return "gone " + where(change.Before)
	case change.Same:
		return "same " + where(change.After)
	default:
		return "changed " + where(change.After)
	}
}

func TestRevisionIsComparedWithTheWorkTree(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before map[string]string
		change func(r repository)
		paths  []string
		want   outcome
	}{
		"each object is new, changed, gone or the same": {
			before: map[string]string{"d/a.yaml": service("same"), "d/b.yaml": service("gone"), "d/c.yaml": service("changed")},
			change: func(r repository) {
				r.remove("d/b.yaml")
				r.write(map[string]string{
					"d/c.yaml": strings.Replace(service("changed"), "}}", "}, spec: {clusterIP: None}}", 1), "d/d.yaml": service("new"),
				})
			},
			paths: []string{"d"},
			want: outcome{Changes: []string{
				"same same REPO/d/a.yaml:1:1", "changed changed REPO/d/c.yaml:1:1", "new new REPO/d/d.yaml:1:1", "gone gone main:d/b.yaml:1:1",
			}},
		},
		"an object that moves to another file does not change": {
			before: map[string]string{"d/a.yaml": service("a") + "---\n" + service("b")},
			change: func(r repository) {
				r.remove("d/a.yaml")
				r.write(map[string]string{"d/x/y.yaml": service("b"), "d/z.json": `{"kind":"Service","apiVersion":"v1","metadata":{"name":"a"}}`})
			},
			paths: []string{"d"},
			want:  outcome{Changes: []string{"same b REPO/d/x/y.yaml:1:1", "same a REPO/d/z.json:1:1"}},
		},
		"what only an API server writes is no change": {
			before: map[string]string{"a.yaml": "{apiVersion: v1, kind: Service, metadata: {name: a, uid: x, generation: 3}, status: {loadBalancer: {}}}"},
			change: func(r repository) { r.write(map[string]string{"a.yaml": service("a")}) },
			paths:  []string{"a.yaml"},
			want:   outcome{Changes: []string{"same a REPO/a.yaml:1:1"}},
		},
		"another version of the API is another version of the object": {
			before: map[string]string{"a.yaml": "{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, metadata: {name: a}}"},
			change: func(r repository) {
				r.write(map[string]string{"a.yaml": "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: a, namespace: default}}"})
			},
			paths: []string{"."},
			want:  outcome{Changes: []string{"changed a REPO/a.yaml:1:1"}},
		},
		"the namespace of an object of the whole cluster means nothing": {
			before: map[string]string{"a.yaml": "{apiVersion: v1, kind: Namespace, metadata: {name: a, namespace: b}}"},
			change: func(r repository) {
				r.write(map[string]string{"a.yaml": "{apiVersion: v1, kind: Namespace, metadata: {name: a}}"})
			},
			paths: []string{"a.yaml"},
			want:  outcome{Changes: []string{"changed a REPO/a.yaml:1:1"}},
		},
		"files elsewhere, in folders with a dot and of other kinds do not count": {
			before: map[string]string{"d/a.yaml": service("a"), "d/.b/b.yaml": service("b"), "d/c.txt": "c", "dd/d.yaml": service("d"), "e.yaml": service("e")},
			change: func(repository) {},
			paths:  []string{"d", "d/a.yaml"},
			want:   outcome{Changes: []string{"same a REPO/d/a.yaml:1:1"}},
		},
		"a file that is named counts whatever its ending": {
			before: map[string]string{"a.txt": service("a"), "b.txt": service("b")},
			change: func(repository) {},
			paths:  []string{"a.txt"},
			want:   outcome{Changes: []string{"same a REPO/a.txt:1:1"}},
		},
		"names of files are only names": {
			before: map[string]string{"d/:(top)*.yaml": service("a"), "d/\"é\" '$(x)'.yaml": service("b"), "d/--x.yaml": service("c")},
			change: func(repository) {},
			paths:  []string{"d/:(top)*.yaml", "d"},
			want: outcome{Changes: []string{
				"same a REPO/d/:(top)*.yaml:1:1", "same b REPO/d/\"é\" '$(x)'.yaml:1:1", "same c REPO/d/--x.yaml:1:1",
			}},
		},
		"a folder that is emptied or removed takes its objects with it": {
			before: map[string]string{"d/a.yaml": service("a"), "d/b.txt": "b", "e/c.yaml": service("c"), "f.yaml": service("f")},
			change: func(r repository) { r.remove("d/a.yaml"); r.remove("e"); r.remove("f.yaml") },
			paths:  []string{"d", "e", "f.yaml"},
			want:   outcome{Changes: []string{"gone a main:d/a.yaml:1:1", "gone c main:e/c.yaml:1:1", "gone f main:f.yaml:1:1"}},
		},
		"a path that neither tree has is an error": {
			before: map[string]string{"a.yaml": service("a")},
			change: func(repository) {},
			paths:  []string{"none.yaml"},
			want:   outcome{Error: "REPO/none.yaml: no such file or directory; check the path, or where the symbolic link leads"},
		},
		"where the baseline has nothing all is new, and that is said": {
			before: map[string]string{"README.md": "r"},
			change: func(r repository) { r.write(map[string]string{"d/a.yaml": service("a")}) },
			paths:  []string{"d"},
			want: outcome{
				Changes: []string{"new a REPO/d/a.yaml:1:1"},
				Notes:   []string{"main has no manifest at these paths: everything counts as new"},
			},
		},
		"each copy of an object that is here twice is judged": {
			before: map[string]string{"a.yaml": service("a")},
			change: func(r repository) {
				r.write(map[string]string{"b.yaml": "\n" + strings.Replace(service("a"), "name: a", "name: a, labels: {b: c}", 1)})
			},
			paths: []string{"."},
			want: outcome{
				Changes: []string{"same a REPO/a.yaml:1:1", "changed a REPO/b.yaml:2:1"},
				Notes: []string{"REPO/b.yaml:2:1: Service default/a is written twice, first at REPO/a.yaml:1:1: both are judged, and where both " +
					"are applied, the last one counts; remove one of them, or check what is applied together apart from the rest"},
			},
		},
		"copies in two folders are compared each with its own": {
			before: map[string]string{"dev/a.yaml": service("a"), "prod/a.yaml": "\n" + strings.Replace(service("a"), "name: a", "name: a, labels: {b: c}", 1)},
			change: func(repository) {},
			paths:  []string{"."},
			want: outcome{
				Changes: []string{"same a REPO/dev/a.yaml:1:1", "same a REPO/prod/a.yaml:2:1"},
				Notes: []string{
					"main:prod/a.yaml:2:1: Service default/a is in the baseline twice, first at main:dev/a.yaml:1:1: each is compared with the file whose name is most like its own",
					"REPO/prod/a.yaml:2:1: Service default/a is written twice, first at REPO/dev/a.yaml:1:1: both are judged, and where both " +
						"are applied, the last one counts; remove one of them, or check what is applied together apart from the rest",
				},
			},
		},
		"an object that was there twice can be mended": {
			before: map[string]string{"a.yaml": service("a"), "b.yaml": service("a")},
			change: func(r repository) { r.remove("a.yaml") },
			paths:  []string{"."},
			want: outcome{
				Changes: []string{"same a REPO/b.yaml:1:1"},
				Notes:   []string{"main:b.yaml:1:1: Service default/a is in the baseline twice, first at main:a.yaml:1:1: each is compared with the file whose name is most like its own"},
			},
		},
		"a file that was broken can be mended": {
			before: map[string]string{"a.yaml": "apiVersion: v1\nkind: [\n---\n" + service("b")},
			change: func(r repository) { r.write(map[string]string{"a.yaml": service("a") + "---\n" + service("b")}) },
			paths:  []string{"."},
			want: outcome{
				Changes: []string{"new a REPO/a.yaml:1:1", "same b REPO/a.yaml:3:1"},
				Notes: []string{"main:a.yaml:2:1: invalid YAML: did not find expected node content; the baseline is read without it, " +
					"so what is there now counts as new"},
			},
		},
		"a broken file that is gone is an error with its place": {
			before: map[string]string{"a.yaml": "apiVersion: v1\nkind: [\n", "b.yaml": service("b")},
			change: func(r repository) { r.remove("a.yaml") },
			paths:  []string{"."},
			want: outcome{Error: "main:a.yaml:2:1: invalid YAML: did not find expected node content; the file is gone, and its content " +
				"is unknown: correct it in a separate change first, or take a later baseline"},
		},
		"what is broken now is an error with its place": {
			before: map[string]string{"a.yaml": service("a"), "b.yaml": service("b")},
			change: func(r repository) { r.write(map[string]string{"a.yaml": "apiVersion: v1\nkind: [\n", "b.yaml": "5\n"}) },
			paths:  []string{"a.yaml", "b.yaml"},
			want: outcome{Error: "REPO/a.yaml:2:1: invalid YAML: did not find expected node content\n" +
				"REPO/b.yaml:1:1: this is a number, not an object with apiVersion and kind"},
		},
		"an AdmissionReview has one version only": {
			before: map[string]string{"a.json": `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{}}`},
			change: func(r repository) {
				r.write(map[string]string{"b.json": `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{}}`})
			},
			paths: []string{"."},
			want:  outcome{Changes: []string{"new AdmissionReview REPO/a.json:1:1", "new AdmissionReview REPO/b.json:1:1"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t)
			r.commit(test.before)
			test.change(r)
			if diff := gocmp.Diff(test.want, compare(t, r, "main", test.paths...)); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSymbolicLinksAreFollowedInNeitherTree(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	outside := filepath.Join(t.TempDir(), "secret.yaml")
	r.write(map[string]string{"d/a.yaml": service("a"), "e/b.yaml": service("b"), "f.yaml": service("f")})
	r.link(outside, "d/out.yaml")
	r.link("../e", "d/in")
	repository{t: t, top: filepath.Dir(outside)}.write(map[string]string{"secret.yaml": service("secret")})
	r.commit(nil)
	r.link("f.yaml", "given.yaml")
	want := outcome{
		Changes: []string{"same a REPO/d/a.yaml:1:1", "same f REPO/given.yaml:1:1"},
		Notes: []string{
			"main:d/in: a symbolic link is not followed where changes are judged: name what it leads to",
			"main:d/out.yaml: a symbolic link is not followed where changes are judged: name what it leads to",
		},
	}
	if diff := gocmp.Diff(want, compare(t, r, "main", "d", "given.yaml")); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
}

func TestSubmodulesAreNotRead(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	r.commit(map[string]string{"d/a.yaml": service("a")})
	r.git("update-index", "--add", "--cacheinfo", "160000,"+r.git("rev-parse", "HEAD")+",d/sub")
	r.git("commit", "--quiet", "--message=submodule")
	r.write(map[string]string{"d/sub/b.yaml": service("b")})
	want := outcome{
		Changes: []string{"same a REPO/d/a.yaml:1:1", "new b REPO/d/sub/b.yaml:1:1"},
		Notes:   []string{"main:d/sub: a submodule is not looked into: what is in it now counts as new"},
	}
	if diff := gocmp.Diff(want, compare(t, r, "main", "d")); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
}

func TestLimitsApplyToTheBaseline(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	r.commit(map[string]string{"a.yaml": service("a") + "# " + strings.Repeat("long", 50), "b.yaml": service("b")})
	r.remove("a.yaml")
	got := outcomeOf(t, r.top, "main", []string{r.top}, manifest.Options{MaxBytes: 100})
	want := outcome{Error: "main:a.yaml: the file is larger than 100 bytes; split it; the file is gone, and its content " +
		"is unknown: correct it in a separate change first, or take a later baseline"}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
}

func TestRevisionReadsShallowAndPartialClones(t *testing.T) {
	t.Parallel()
	origin := newRepository(t)
	origin.git("config", "uploadpack.allowFilter", "true")
	origin.commit(map[string]string{"a.yaml": service("a")})
	origin.git("tag", "v1")
	origin.commit(map[string]string{"a.yaml": service("a"), "b.yaml": service("b")})
	for name, test := range map[string]struct {
		clone    []string
		revision string
		want     outcome
	}{
		"a shallow clone compares with what it has": {
			clone: []string{"--depth=1"}, revision: "origin/main",
			want: outcome{Changes: []string{"same a REPO/a.yaml:1:1", "same b REPO/b.yaml:1:1"}},
		},
		"a shallow clone says how to get a tag": {
			clone: []string{"--depth=1"}, revision: "v1",
			want: outcome{Error: "revision \"v1\" is not in this shallow clone: get it with `git fetch --depth=1 origin v1`"},
		},
		"a shallow clone says how to get a branch": {
			clone: []string{"--depth=1"}, revision: "origin/next",
			want: outcome{Error: "revision \"origin/next\" is not in this shallow clone: get it with " +
				"`git fetch --depth=1 origin next:refs/remotes/origin/next`"},
		},
		"a shallow clone says how to get its history": {
			clone: []string{"--depth=1"}, revision: "HEAD~1",
			want: outcome{Error: "revision \"HEAD~1\" is not in this shallow clone: get it with `git fetch --unshallow origin`"},
		},
		"a whole clone has its history": {
			revision: "HEAD~1", want: outcome{Changes: []string{"same a REPO/a.yaml:1:1", "new b REPO/b.yaml:1:1"}},
		},
		"what is unknown is quoted for the shell": {
			revision: "a;b",
			want: outcome{Error: "revision \"a;b\" is not in the repository REPO, and no folder has that name: " +
				"look for it with `git branch -a`, or get it with `git fetch origin 'a;b'`"},
		},
		"an option is no revision": {
			revision: "--output=x",
			want:     outcome{Error: "--baseline \"--output=x\" is neither a revision nor a folder: name a branch, a tag or a commit"},
		},
		"a file is no revision": {
			revision: "HEAD:a.yaml",
			want: outcome{Error: "revision \"HEAD:a.yaml\" is not in the repository REPO, and no folder has that name: " +
				"look for it with `git branch -a`, or get it with `git fetch origin HEAD:a.yaml`"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := gocmp.Diff(test.want, compare(t, origin.clone(test.clone...), test.revision, ".")); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("a partial clone fetches nothing", func(t *testing.T) {
		t.Parallel()
		partial := origin.clone("--filter=blob:none", "--no-checkout")
		partial.write(map[string]string{"a.yaml": service("a")})
		got := compare(t, partial, "v1", ".")
		if !strings.Contains(got.Error, "`git fetch --refetch --no-filter origin`") {
			t.Errorf("outcome %v", got)
		}
	})
}

func TestRevisionRejectsPathsWithoutAVersion(t *testing.T) {
	t.Parallel()
	one, other := newRepository(t), newRepository(t)
	one.commit(map[string]string{"a.yaml": service("a")})
	other.commit(map[string]string{"a.yaml": service("a")})
	nowhere := t.TempDir()
	repository{t: t, top: nowhere}.write(map[string]string{"a.yaml": service("a")})
	for name, test := range map[string]struct {
		paths []string
		want  string
	}{
		"standard input": {[]string{"-"}, `standard input has no version at revision "main": give files, or a folder as --baseline`},
		"two repositories": {
			[]string{one.top, other.top},
			one.top + " and " + other.top + " are in two repositories, " + one.top + " and " + other.top + ": check each by itself",
		},
		"no repository": {
			[]string{nowhere},
			nowhere + ": a revision is one of a git repository, and this path is in none that git can read " +
				"(git: not a git repository (or any of the parent directories): .git): give a folder as --baseline",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := gocmp.Diff(outcome{Error: test.want}, outcomeOf(t, "", "main", test.paths, manifest.Options{})); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
		})
	}
}
