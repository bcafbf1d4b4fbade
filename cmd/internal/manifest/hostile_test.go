package manifest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/manifest"
)

// doubling is a kustomization whose bases name each other so often that it would never be built.
func doubling(t *testing.T, levels int) string {
	t.Helper()
	files := map[string]string{"0/kustomization.yaml": "resources: [service.yaml]\n", "0/service.yaml": service}
	for level := 1; level <= levels; level++ {
		for _, side := range []string{"a", "b", "c", "d"} {
			files[fmt.Sprintf("%d%s/kustomization.yaml", level, side)] = fmt.Sprintf("nameSuffix: -%s\nresources: [../%d]\n", side, level-1)
		}
		files[fmt.Sprintf("%d/kustomization.yaml", level)] = fmt.Sprintf("resources: [../%da, ../%db, ../%dc, ../%dd]\n", level, level, level, level)
	}
	return filepath.Join(tree(t, files), strconv.Itoa(levels))
}

func TestKustomizeEndsWhenBasesDouble(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := manifest.Kustomize(ctx, doubling(t, 12), manifest.Options{})
	if err == nil || !strings.Contains(err.Error(), "not read in time") && !strings.Contains(err.Error(), "again and again") {
		t.Errorf("got %v", err)
	}
}

func TestKustomizeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := manifest.Kustomize(ctx, doubling(t, 12), manifest.Options{}); err == nil {
		t.Error("it was built")
	}
}

func TestOfflineKustomizeFetchesNothing(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://example.invalid/base":   "https://example.invalid/base, which is not here: without --offline it is fetched",
		"github.com/example/base?ref=v1": "github.com/example/base?ref=v1, which is not here: without --offline it is fetched",
		"example.invalid/team/base":      "example.invalid/team/base, which is not here: without --offline it is fetched",
		"../gone":                        "../gone, which is not here",
		"base/gone.yaml":                 "base/gone.yaml, which is not here",
	} {
		folder := tree(t, map[string]string{"kustomization.yaml": "resources: ['" + base + "']\n"})
		_, err := manifest.Kustomize(t.Context(), folder, manifest.Options{Offline: true})
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: got %v", base, err)
		}
	}
}

func TestPipeWithoutWriterEnds(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	pipe := filepath.Join(folder, "pipe.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := manifest.Read(ctx, []string{pipe}, manifest.Options{}); err == nil {
		t.Error("a named pipe was read")
	}
	input, err := manifest.Read(t.Context(), []string{folder}, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := input.LeftOut; len(got) != 1 || got[0].Reason != manifest.Special {
		t.Errorf("left out: %v", got)
	}
}

func TestWalkEndsAtItsLimit(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for index := range 20 {
		files[fmt.Sprintf("%d.yaml", index)] = service
	}
	_, err := manifest.Read(t.Context(), []string{tree(t, files)}, manifest.Options{MaxFiles: 10})
	if err == nil || !strings.Contains(err.Error(), "more than 10 files and folders") {
		t.Errorf("got %v", err)
	}
}

func TestFolderHoldsMoreThanManifests(t *testing.T) {
	t.Parallel()
	folder := tree(t, map[string]string{
		"a.yaml":                 service,
		"values.yaml":            "replicas: 3\n",
		"package.json":           "{\"name\": \"app\"}\n",
		"tsconfig.json":          "{ // a comment\n}\n",
		"list.yaml":              "- op: remove\n  path: /spec\n",
		"chart/Chart.yaml":       "apiVersion: v2\nname: c\n",
		"chart/templates/a.yaml": "{{ if x }}\napiVersion: v1\nkind: Service\n{{ end }}\n",
		"t.yaml":                 "{{- if .Values.db }}\napiVersion: apps/v1\nkind: StatefulSet\n{{- end }}\n",
		"k/kustomization.yaml":   "patches: [{path: patch.yaml}]\n",
		"k/patch.yaml":           service,
		"p.yaml":                 "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n$patch: delete\n",
		"part.yaml":              "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec: {replicas: 5}\n",
		"skip/b.yaml":            service,
		"node_modules/c.yaml":    service,
		".github/d.yaml":         service,
		".statewardignore":       "skip/\n",
		"excluded.yaml":          service,
	})
	if err := os.Symlink(filepath.Join(folder, "nowhere"), filepath.Join(folder, "z.yaml")); err != nil {
		t.Fatal(err)
	}
	input, err := manifest.Read(t.Context(), []string{folder}, manifest.Options{Exclude: []string{"excluded.*"}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, document := range input.Documents {
		got[strings.TrimPrefix(document.File, folder+"/")] = "read"
	}
	for _, left := range input.LeftOut {
		got[strings.TrimPrefix(left.File, folder+"/")] = string(left.Reason)
	}
	want := map[string]string{
		"a.yaml": "read", "values.yaml": "not Kubernetes", "package.json": "not Kubernetes", "tsconfig.json": "not Kubernetes",
		"list.yaml": "not Kubernetes", "chart": "Helm chart", "t.yaml": "unrendered template", "k/kustomization.yaml": "kustomization",
		"k/patch.yaml": "patch", "p.yaml": "patch", "part.yaml": "part of a StatefulSet", "skip": "excluded", "node_modules": "hidden or vendored",
		".github": "hidden or vendored", "excluded.yaml": "excluded", "z.yaml": "link",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestSurveyFindsManifestsChartsAndKustomizations(t *testing.T) {
	t.Parallel()
	folder := tree(t, map[string]string{
		"base/kustomization.yaml": "resources: [a.yaml]\n", "base/a.yaml": service,
		"prod/kustomization.yaml": "resources: [../base]\n", "dev/kustomization.yaml": "bases: [../base]\n",
		"chart/Chart.yaml": "apiVersion: v2\nname: c\n", "rendered/one/a.yaml": service, "rendered/two/b.yaml": service,
	})
	found, err := manifest.Look(folder, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	trim := func(names []string) (short []string) {
		for _, name := range names {
			short = append(short, strings.TrimPrefix(name, folder+"/"))
		}
		return short
	}
	got := [][]string{trim(found.Kustomizations), trim(found.Charts)}
	for _, each := range found.Trees {
		got = append(got, trim(each))
	}
	want := [][]string{{"dev", "prod"}, {"chart"}, {"rendered/one/a.yaml"}, {"rendered/two/b.yaml"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}

func TestChartTemplatesAreReportedWithTheirChart(t *testing.T) {
	t.Parallel()
	const template = "apiVersion: v1\nkind: Service\nmetadata:\n  {{- include \"name\" . }}\n"
	folder := tree(t, map[string]string{"chart/Chart.yaml": "apiVersion: v2\nname: c\n", "chart/files/a.yaml": template, "b.yaml": template})
	input, err := manifest.Read(t.Context(), []string{folder}, manifest.Options{AllowEmpty: true})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]manifest.Reason{}
	for _, left := range input.LeftOut {
		got[strings.TrimPrefix(left.File, folder+"/")] = left.Reason
	}
	want := map[string]manifest.Reason{"chart": manifest.Chart, "chart/files/a.yaml": manifest.ChartFile, "b.yaml": manifest.Template}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
}

func TestLinksThatLoopEnd(t *testing.T) {
	t.Parallel()
	folder := tree(t, map[string]string{"a/a.yaml": service, "b/b.yaml": service})
	for _, link := range [][2]string{
		{"..", "a/up"}, {"../b", "a/b"}, {"../a", "b/a"}, {"self.yaml", "self.yaml"}, {"two.yaml", "one.yaml"}, {"one.yaml", "two.yaml"},
	} {
		if err := os.Symlink(link[0], filepath.Join(folder, link[1])); err != nil {
			t.Fatal(err)
		}
	}
	// Each folder leads to two others, so without a memory there are 2^20 paths.
	for level := range 20 {
		if err := os.MkdirAll(filepath.Join(folder, "levels", strconv.Itoa(level+1)), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, side := range []string{"x", "y"} {
			if err := os.MkdirAll(filepath.Join(folder, "levels", strconv.Itoa(level)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("../"+strconv.Itoa(level+1), filepath.Join(folder, "levels", strconv.Itoa(level), side)); err != nil {
				t.Fatal(err)
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	input, err := manifest.Read(ctx, []string{folder}, manifest.Options{MaxFiles: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if len(input.Documents) != 2 {
		t.Errorf("%d documents, want 2", len(input.Documents))
	}
	if _, err := manifest.Look(folder, manifest.Options{MaxFiles: 1000}); err != nil {
		t.Error(err)
	}
}
