package policies_test

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/test/builders"
)

// TestRulesAreCompleteInTheirFolder keeps the promise that a rule is one folder and nothing else.
func TestRulesAreCompleteInTheirFolder(t *testing.T) {
	t.Parallel()
	for _, rule := range builders.Library(t).All() {
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			source := strings.ReplaceAll(rule.ID, "-", "_")
			if want := path.Join(rule.Dir(), source+".rego"); rule.File != want {
				t.Errorf("the rule is in %s: rename the file to %s", rule.File, want)
			}
			if folder := path.Base(rule.Dir()); folder != rule.ID {
				t.Errorf("package and folder disagree: %s is in %s", rule.ID, rule.Dir())
			}
			wanted := []string{source + ".rego", source + "_test.rego", "README.md", "examples"}
			for _, name := range wanted {
				if _, err := os.Stat(filepath.Join(rule.Dir(), name)); err != nil {
					t.Errorf("%v: every rule has %v; `make generate` writes the README", err, wanted)
				}
			}
			for _, name := range entries(t, rule.Dir()) {
				// A rule with many tests has several files of them.
				moreTests := strings.HasPrefix(name, source+"_") && strings.HasSuffix(name, "_test.rego")
				if !slices.Contains(wanted, name) && !moreTests {
					t.Errorf("%s/%s belongs to no rule", rule.Dir(), name)
				}
			}
			for _, name := range entries(t, rule.Dir(), "examples") {
				if !slices.Contains([]string{"pass", "fail", "guardrails.yaml"}, name) {
					t.Errorf("%s/examples/%s is never read", rule.Dir(), name)
				}
			}
			for _, side := range []string{"pass", "fail"} {
				if len(entries(t, rule.Dir(), "examples", side)) == 0 {
					t.Errorf("%s/examples/%s has no example", rule.Dir(), side)
				}
			}
		})
	}
}

// TestPackagesMirrorFolders replaces regal's directory-package-mismatch, which does not know that policies/ is
// the root of stateward.
func TestPackagesMirrorFolders(t *testing.T) {
	t.Parallel()
	for name, module := range modulesOf(t, builders.Library(t)) {
		parts := []string{"data", "stateward"}
		switch folder := path.Dir(name); folder {
		case "main":
			parts = []string{"data", "main"}
		case "lib":
			parts = append(parts, "lib", strings.TrimSuffix(path.Base(name), ".rego"))
		default:
			parts = append(parts, strings.Split(folder, "/")...)
		}
		var got []string
		for _, term := range module.Package.Path {
			got = append(got, strings.Trim(term.String(), `"`))
		}
		if !slices.Equal(parts, got) {
			t.Errorf("%s has package %v: it should be %v", name, got, parts)
		}
	}
}

func modulesOf(t testing.TB, library *policies.Library) map[string]*ast.Module {
	t.Helper()
	modules, err := library.Modules()
	if err != nil {
		t.Fatal(err)
	}
	return modules
}

func entries(t *testing.T, parts ...string) (names []string) {
	t.Helper()
	found, err := os.ReadDir(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range found {
		names = append(names, entry.Name())
	}
	return names
}
