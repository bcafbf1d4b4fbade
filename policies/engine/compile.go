package engine

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/plan"
)

// builtin is the program of the built-in library as `make generate` writes it, behind a line with the revision of that
// library: to plan it takes longer than to check a hundred manifests.
//
//go:embed builtin.plan
var builtin string

// programOf is the program of a library, and the compiler where there had to be one. The program is nil where OPA's own
// evaluator is to decide: a rule has a form that cannot be planned, or replaces what is looked up here.
func programOf(ctx context.Context, library *policies.Library) (*plan.Program, *ast.Compiler, error) {
	if encoded, ok := strings.CutPrefix(builtin, library.Revision()+"\n"); ok {
		program := &plan.Program{}
		return program, nil, program.UnmarshalBinary([]byte(encoded))
	}
	compiler, err := compile(library)
	if err != nil {
		return nil, nil, err
	}
	if program, err := planned(ctx, library, compiler); err == nil && !program.ReplacesData {
		return program, compiler, nil
	}
	return nil, compiler, nil
}

// compile refuses what does not compile, with file and line.
func compile(library *policies.Library) (*ast.Compiler, error) {
	parsed, err := library.Modules()
	if err != nil {
		return nil, err
	}
	compiler := ast.NewCompiler().WithCapabilities(Capabilities()).WithStrict(true)
	// Compile takes the modules over and changes them; a library may serve several engines.
	modules := make(map[string]*ast.Module, len(parsed))
	for name, module := range parsed {
		modules[name] = module.Copy()
	}
	if compiler.Compile(modules); compiler.Failed() {
		return nil, fmt.Errorf("compile rule library: %w", compiler.Errors)
	}
	return compiler, nil
}

// planned makes a program of all rules and mutations of a library.
func planned(ctx context.Context, library *policies.Library, compiler *ast.Compiler) (*plan.Program, error) {
	paths := []string{levelled, made}
	for _, rule := range library.All() {
		paths = append(paths, rule.Package+".report")
		if rule.Notices {
			paths = append(paths, rule.Package+".notice")
		}
	}
	return plan.Compile(ctx, compiler, paths)
}
