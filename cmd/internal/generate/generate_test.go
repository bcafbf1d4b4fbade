package generate_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/generate"
	"github.com/stateward/stateward/policies"
)

var update = flag.Bool("update", false, "write the generated files")

const root = "../../.."

func TestGeneratedFilesAreCurrent(t *testing.T) {
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(root, "policies", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := generate.Files(library, readme)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, files, "make generate")
}

func TestRenderedManifestsAreCurrent(t *testing.T) {
	files, err := generate.Rendered(root)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, files, "make manifests")
}

func TestTemplatesOfTheChartAreCurrent(t *testing.T) {
	files, err := generate.Chart(root)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, files, "make manifests")
	for _, pattern := range []string{"templates/*.yaml", "crds/*"} {
		there, err := filepath.Glob(filepath.Join(root, "manifests", "chart", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range there {
			if files["manifests/chart/"+filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file)] == nil {
				t.Errorf("%s is of no overlay any more: delete it", file)
			}
		}
	}
}

// compare looks whether the files of the repository are as they should be, or writes them.
func compare(t *testing.T, files map[string][]byte, command string) {
	t.Helper()
	for name, want := range files {
		file := filepath.Join(root, name)
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("%v: run `%s`", err, command)
			continue
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is stale: run `%s` (-want +got):\n%s", name, command, diff)
		}
	}
}

func TestReadmeWithoutTableMarksIsRefused(t *testing.T) {
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := generate.Files(library, []byte("# Stateward\n")); err == nil {
		t.Error("a page without the marks of the table was accepted")
	}
}
