package baseline_test

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/baseline"
	"github.com/stateward/stateward/cmd/internal/manifest"
)

// overlay is a kustomization that changes what another folder of the repository holds.
func overlay() map[string]string {
	return map[string]string{
		"base/kustomization.yaml":      "resources: [a.yaml, b.yaml]\n",
		"base/a.yaml":                  service("a"),
		"base/b.yaml":                  service("b"),
		"overlays/x/kustomization.yml": "resources: [../../base]\nnamePrefix: x-\n",
		"plain/c.yaml":                 service("c"),
	}
}

func TestKustomizationIsBuiltAsItWas(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(r repository)
		paths  []string
		folder string
		want   outcome
	}{
		"that stays as it is": {
			change: func(repository) {}, folder: "overlays/x",
			want: outcome{Changes: []string{"same x-a kustomize:REPO/overlays/x:1:1", "same x-b kustomize:REPO/overlays/x:6:1"}},
		},
		"a base changes": {
			change: func(r repository) {
				r.write(map[string]string{
					"base/kustomization.yaml": "resources: [a.yaml, d.yaml]\n", "base/d.yaml": service("d"),
					"base/a.yaml": strings.Replace(service("a"), "}}", "}, spec: {clusterIP: None}}", 1),
				})
				r.remove("base/b.yaml")
			},
			folder: "overlays/x",
			want: outcome{Changes: []string{
				"changed x-a kustomize:REPO/overlays/x:1:1", "new x-d kustomize:REPO/overlays/x:8:1", "gone x-b main:kustomize:REPO/overlays/x:6:1",
			}},
		},
		"the overlay changes, and nothing below it": {
			change: func(r repository) {
				r.write(map[string]string{"overlays/x/kustomization.yml": "resources: [../../base]\nnamePrefix: x-\nnamespace: other\n"})
			},
			folder: "overlays/x",
			want: outcome{Changes: []string{
				"new x-a kustomize:REPO/overlays/x:1:1", "new x-b kustomize:REPO/overlays/x:7:1",
				"gone x-a main:kustomize:REPO/overlays/x:1:1", "gone x-b main:kustomize:REPO/overlays/x:6:1",
			}},
		},
		"files beside it": {
			change: func(r repository) {
				r.write(map[string]string{"plain/c.yaml": service("d"), "base/kustomization.yaml": "resources: [a.yaml]\n"})
			},
			paths: []string{"plain"}, folder: "base",
			want: outcome{Changes: []string{
				"new d REPO/plain/c.yaml:1:1", "same a kustomize:REPO/base:1:1", "gone c main:plain/c.yaml:1:1", "gone b main:kustomize:REPO/base:6:1",
			}},
		},
		"a new one": {
			change: func(r repository) {
				r.write(map[string]string{"overlays/y/kustomization.yaml": "resources: [../../base/]\nnamePrefix: y-\n"})
			},
			folder: "overlays/y",
			want: outcome{
				Changes: []string{"new y-a kustomize:REPO/overlays/y:1:1", "new y-b kustomize:REPO/overlays/y:6:1"},
				Notes:   []string{"main has no kustomization in REPO/overlays/y: everything in it counts as new"},
			},
		},
		"one that is gone": {
			change: func(r repository) { r.remove("overlays") }, folder: "overlays/x",
			want: outcome{Changes: []string{"gone x-a main:kustomize:REPO/overlays/x:1:1", "gone x-b main:kustomize:REPO/overlays/x:6:1"}},
		},
		"one that never was": {
			change: func(repository) {}, folder: "overlays/z",
			want: outcome{Error: "REPO/overlays/z: cannot be built: "},
		},
		"one that cannot be built any more": {
			change: func(r repository) { r.remove("base/b.yaml") }, folder: "base",
			want: outcome{Error: "REPO/base: cannot be built: "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t)
			r.commit(overlay())
			test.change(r)
			for index := range test.paths {
				test.paths[index] = r.path(test.paths[index])
			}
			got := outcomeOfGiven(t, r.top, "main", baseline.Given{Paths: test.paths, Kustomization: r.path(test.folder)}, manifest.Options{})
			// The rest is kustomize's own.
			if test.want.Error != "" && strings.HasPrefix(got.Error, test.want.Error) {
				return
			}
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
		})
	}
}

func TestKustomizationThatCannotBeBuiltIsNoBaseline(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]func(r repository){
		"a file was missing": func(r repository) { r.remove("base/b.yaml") },
		"a file was a symbolic link": func(r repository) {
			r.remove("base/b.yaml")
			r.link("../plain/c.yaml", "base/b.yaml")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t)
			r.write(overlay())
			breakIt(r)
			r.commit(nil)
			r.remove("base/b.yaml")
			r.write(map[string]string{"base/b.yaml": service("b")})
			got := outcomeOfGiven(t, r.top, "main", baseline.Given{Kustomization: r.path("base")}, manifest.Options{})
			const want = "build the kustomization REPO/base as it was at main: cannot be built: "
			if !strings.HasPrefix(got.Error, want) || !strings.HasSuffix(got.Error, "; take a later baseline, or build both and compare the folders") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestKustomizationIsComparedWithAFolder(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	r.write(overlay())
	r.write(map[string]string{
		"old/kustomization.yaml": "resources: [a.yaml]\nnamePrefix: x-\n", "old/a.yaml": service("a"),
		"built/all.yaml": service("x-b") + "---\n" + service("x-c"),
	})
	for name, test := range map[string]struct {
		baseline string
		paths    []string
		want     outcome
	}{
		"that is a kustomization": {
			baseline: "old",
			want:     outcome{Changes: []string{"same x-a kustomize:REPO/overlays/x:1:1", "new x-b kustomize:REPO/overlays/x:6:1"}},
		},
		"of what was built before": {
			baseline: "built",
			want: outcome{Changes: []string{
				"new x-a kustomize:REPO/overlays/x:1:1", "same x-b kustomize:REPO/overlays/x:6:1", "gone x-c REPO/built/all.yaml:3:1",
			}},
		},
		"with other files, which have no place in it": {
			baseline: "old", paths: []string{"-"},
			want: outcome{Error: "--baseline REPO/old is compared with one kustomization: check - by itself"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := outcomeOfGiven(t, r.top, r.path(test.baseline), baseline.Given{Paths: test.paths, Kustomization: r.path("overlays/x")}, manifest.Options{})
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
		})
	}
}
