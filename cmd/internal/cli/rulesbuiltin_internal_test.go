package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const realLibrary = "../../../policies"

func TestTryBuiltinRunsWhatIsBesideARule(t *testing.T) {
	t.Parallel()
	one, err := tryBuiltin(t.Context(), realLibrary, []string{"quorum"})
	if err != nil {
		t.Fatal(err)
	}
	if one.rules != 1 || one.tests == 0 || one.examples == 0 || len(one.problems) > 0 {
		t.Errorf("quorum: %+v", one)
	}
	two, err := tryBuiltin(t.Context(), realLibrary, []string{"quorum", "scale-down"})
	if err != nil {
		t.Fatal(err)
	}
	if two.rules != 2 || two.tests <= one.tests || two.examples <= one.examples || len(two.problems) > 0 {
		t.Errorf("quorum and scale-down: %+v", two)
	}
}

func TestTryBuiltinReportsWhatIsMissing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, part := range []string{"main", "lib", "rules", "mutations"} {
		if err := os.CopyFS(filepath.Join(folder, part), os.DirFS(filepath.Join(realLibrary, part))); err != nil {
			t.Fatal(err)
		}
	}
	rule := filepath.Join(folder, "rules", "scale", "quorum")
	for _, part := range []string{"quorum_test.rego", "examples/fail"} {
		if err := os.RemoveAll(filepath.Join(rule, part)); err != nil {
			t.Fatal(err)
		}
	}
	tried, err := tryBuiltin(t.Context(), folder, []string{"quorum"})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, problem := range tried.problems {
		switch {
		case strings.HasSuffix(problem, "no Rego test: write one in a file that ends in _test.rego"):
			kinds = append(kinds, "no test")
		case strings.HasSuffix(problem, "no example: rule quorum needs one"):
			kinds = append(kinds, "no example")
		}
	}
	if diff := cmp.Diff([]string{"no test", "no example"}, kinds); diff != "" {
		t.Errorf("problems (-want +got):\n%s\n%v", diff, tried.problems)
	}
}

func TestTryBuiltinRejectsWhatItCannotTest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		folder string
		ids    []string
		want   string
	}{
		"another folder":  {folder: t.TempDir(), want: "run it at the root of its repository"},
		"an unknown rule": {folder: realLibrary, ids: []string{"nope"}, want: `unknown rule "nope"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := tryBuiltin(t.Context(), test.folder, test.ids); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v", err)
			}
		})
	}
}
