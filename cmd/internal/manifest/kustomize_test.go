package manifest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/manifest"
)

// tree writes files below a new folder.
func tree(t *testing.T, files map[string]string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for name, content := range files {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

const service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n"

func TestKustomizeReadsWhatKubectlWouldApply(t *testing.T) {
	t.Parallel()
	folder := tree(t, map[string]string{
		"base/kustomization.yaml":    "resources: [service.yaml]\n",
		"base/service.yaml":          service,
		"overlay/kustomization.yaml": "namespace: data\nnamePrefix: db-\nresources: [../base]\n",
	})
	input, err := manifest.Kustomize(t.Context(), filepath.Join(folder, "overlay"), manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, document := range input.Documents {
		got = append(got, document.Kind+" "+document.Namespace+"/"+document.Name)
	}
	if diff := cmp.Diff([]string{"Service data/db-web"}, got); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
}

func TestKustomizeThatCannotBeBuiltIsAnError(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no kustomization":      {map[string]string{"service.yaml": service}, "unable to find one of 'kustomization.yaml'"},
		"a file that is gone":   {map[string]string{"kustomization.yaml": "resources: [gone.yaml]\n"}, "gone.yaml"},
		"a file out of its way": {map[string]string{"kustomization.yaml": "resources: [/etc/hostname]\n"}, "/etc/hostname"},
		"a chart": {
			map[string]string{"kustomization.yaml": "helmCharts: [{name: db}]\n"},
			"run `kustomize build --enable-helm ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := tree(t, test.files)
			_, err := manifest.Kustomize(t.Context(), folder, manifest.Options{})
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), folder+": cannot be built") {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestPatternSelectsFiles(t *testing.T) {
	t.Parallel()
	folder := tree(t, map[string]string{"a/b/one.yaml": service, "a/two.yaml": service, "a/three.txt": "no manifest", "[x].yaml": service})
	for name, test := range map[string]struct {
		pattern string
		want    []string
		err     string
	}{
		"one folder":               {pattern: "a/*.yaml", want: []string{"a/two.yaml"}},
		"any folders":              {pattern: "**/*.yaml", want: []string{"[x].yaml", "a/b/one.yaml", "a/two.yaml"}},
		"one of several":           {pattern: "a/{two,four}.yaml", want: []string{"a/two.yaml"}},
		"a file that is called so": {pattern: "[x].yaml", want: []string{"[x].yaml"}},
		"nothing":                  {pattern: "a/*.json", err: "no file matches this pattern; check the path"},
		"no pattern":               {pattern: "a/[.yaml", err: "cannot be read as a pattern"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input, err := manifest.Read(t.Context(), []string{filepath.Join(folder, test.pattern)}, manifest.Options{})
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, want %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, document := range input.Documents {
				got = append(got, strings.TrimPrefix(document.File, folder+"/"))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}
