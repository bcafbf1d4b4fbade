package manifest_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stateward/stateward/cmd/internal/manifest"
)

// FuzzIgnoreFile compares what a walk leaves out with what the filter of a baseline does, for any text in an ignore file.
func FuzzIgnoreFile(f *testing.F) {
	for _, seed := range []string{"a/\n", "*.yaml\n!b.yaml\n", "**/b*\n", "/a/b.yaml", "[", "\\", "a/**/c\r\n# no\n\n", strings.Repeat("*", 100) + "b", "!", "!/"} {
		f.Add(seed)
	}
	names := []string{"a.yaml", "b.yaml", "a/b.yaml", "a/b/c.yaml", "c d.yaml"}
	f.Fuzz(func(t *testing.T, text string) {
		files := map[string]string{manifest.IgnoreFile: text}
		for _, name := range names {
			files[name] = service
		}
		root := tree(t, files)
		input, err := manifest.Read(t.Context(), []string{root}, manifest.Options{AllowEmpty: true})
		if err != nil {
			t.Fatal(err)
		}
		filter := manifest.NewFilter(root, manifest.Options{})
		for _, name := range names {
			path := filepath.Join(root, name)
			read := slices.ContainsFunc(input.Documents, func(document manifest.Document) bool { return document.File == path })
			// A walk does not enter a folder that is left out, so nothing below it comes back.
			if read && filter.LeavesOut(path) {
				t.Errorf("%s is read, and left out of a baseline", name)
			}
		}
	})
}

// FuzzLook surveys folders that hold any kustomizations and files: each file is in one place.
func FuzzLook(f *testing.F) {
	f.Add("resources: [a.yaml, ../b]\n", "bases: [../a]\n", service, "apiVersion: v2\n")
	f.Add("resources: [.]\n", "resources: [..]\npatches: [{path: ../a/a.yaml}]\n", "{{ x }}", "")
	f.Add("resources: [../b]\n", "resources: [../a]\n", "a: &a [*a]", "x")
	f.Add("kind: Component\ncomponents: ['://']\nresources:\n- |\n  a\n", "configMapGenerator: [{files: [a=a.yaml]}]\n", "", "")
	f.Fuzz(func(t *testing.T, first, second, text, chart string) {
		files := map[string]string{"a/kustomization.yaml": first, "b/kustomization.yaml": second, "a/a.yaml": text, "b/b.yaml": text, "c/c.yaml": text}
		if chart != "" {
			files["d/Chart.yaml"], files["d/templates/d.yaml"] = chart, text
		}
		root := tree(t, files)
		for _, link := range [][2]string{{"..", "a/up"}, {"../b", "c/b"}, {"self", "self"}} {
			if err := os.Symlink(link[0], filepath.Join(root, link[1])); err != nil {
				t.Fatal(err)
			}
		}
		found, err := manifest.Look(root, manifest.Options{AllowEmpty: true})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		for _, each := range found.Trees {
			for _, file := range each {
				seen[file]++
			}
			if _, err := manifest.ReadFound(t.Context(), each, manifest.Options{}); err != nil && len(manifest.Errors(err)) == 0 {
				t.Errorf("an error without a place: %v", err)
			}
		}
		for _, left := range found.LeftOut {
			seen[left.File]++
		}
		for file, times := range seen {
			if times > 1 {
				t.Errorf("%s is in %d places", file, times)
			}
		}
		if len(found.Kustomizations) > 2 || len(found.Charts) > 1 {
			t.Errorf("found %+v", found)
		}
	})
}

// FuzzParts reads any text as a kustomization.
func FuzzParts(f *testing.F) {
	for _, seed := range []string{"patches: [{path: a.yaml}]", "resources: null", "patchesStrategicMerge: [a.yaml]\nopenapi: {path: b}", "helmCharts: [{valuesFile: v.yaml}]", "[", "a: 1\na: 2", "resources: ['../../../..']"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		parts := manifest.NewParts()
		parts.Add("/k/kustomization.yaml", text)
		if reason, found := parts.Reason("/k/a.yaml"); found && (reason == "" || parts.IsResource("/k/a.yaml")) {
			t.Errorf("reason %q of a resource", reason)
		}
	})
}
