package builders

import (
	"context"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// Function prepares a query of the library for a value as its input; its result is nil where that is undefined.
func Function(t testing.TB, query string) func(input any) any {
	t.Helper()
	compiler := ast.NewCompiler()
	parsed, err := Library(t).Modules()
	if err != nil {
		t.Fatal(err)
	}
	modules := map[string]*ast.Module{}
	for name, module := range parsed {
		modules[name] = module.Copy()
	}
	if compiler.Compile(modules); compiler.Failed() {
		t.Fatal(compiler.Errors)
	}
	prepared, err := rego.New(rego.Query(query), rego.Compiler(compiler), rego.StrictBuiltinErrors(true)).PrepareForEval(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return func(input any) any {
		results, err := prepared.Eval(context.Background(), rego.EvalInput(input))
		if err != nil {
			t.Fatalf("%s of %q: %v", query, input, err)
		}
		if len(results) == 0 {
			return nil
		}
		return results[0].Expressions[0].Value
	}
}
