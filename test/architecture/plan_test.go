package architecture_test

import (
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPlanIsImportedByOneFile keeps the interpreter removable: without it, delete its folder, these files, builtin.plan and
// one line of engine.New.
func TestPlanIsImportedByOneFile(t *testing.T) {
	t.Parallel()
	var importing []string
	for _, file := range tracked(t, "*.go") {
		if strings.HasPrefix(file, "policies/engine/plan/") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), "", readText(t, file), parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, each := range parsed.Imports {
			if each.Path.Value == `"`+module+`policies/engine/plan"` {
				importing = append(importing, file)
			}
		}
	}
	slices.Sort(importing)
	if diff := cmp.Diff([]string{"policies/engine/evaluator_assembly_test.go", "policies/engine/evaluator_plan.go"}, importing); diff != "" {
		t.Errorf("files that import policies/engine/plan (-allowed +importing):\n%s", diff)
	}
}
