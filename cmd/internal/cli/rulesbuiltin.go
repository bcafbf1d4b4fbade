package cli

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// builtinFolder has the library of Stateward, from the root of its repository.
const builtinFolder = "policies"

// tryBuiltin tests rules of Stateward itself as they are in a folder, all of them where no id is named.
func tryBuiltin(ctx context.Context, folder string, ids []string) (whole trial, err error) {
	if _, err := os.Stat(path.Join(folder, "rules")); err != nil {
		return whole, usageError{fmt.Errorf("--builtin tests the folder policies of Stateward: run it at the root of its repository (%w)", err)}
	}
	library, err := policies.Load(os.DirFS(folder))
	if err != nil {
		return whole, usageError{err}
	}
	if len(ids) == 0 {
		all := func(*ast.Module) bool { return true }
		return try(ctx, library, library.All(), regoTests{folder: folder, counts: all}, folder)
	}
	for _, id := range ids {
		rule, known := library.Rule(id)
		if !known {
			return whole, usageError{v1alpha1.UnknownRule(id, library)}
		}
		tried, err := try(ctx, library, []policies.Rule{rule}, testsOf(folder, rule), folder)
		if err != nil {
			return whole, err
		}
		whole.rules, whole.tests, whole.examples = whole.rules+1, whole.tests+tried.tests, whole.examples+tried.examples
		whole.problems = slices.Concat(whole.problems, tried.problems)
	}
	return whole, nil
}

// testsOf are those beside a rule, which must reach all of its lines.
func testsOf(folder string, rule policies.Rule) regoTests {
	return regoTests{folder: folder, below: rule.Dir(), counts: func(module *ast.Module) bool {
		return path.Dir(module.Package.Location.File) == rule.Dir()
	}}
}
