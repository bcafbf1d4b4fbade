package engine

import (
	"context"
	_ "embed"
	"errors"
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

// evaluator is what decides: a program, or OPA's own evaluator with what a compiler made of the rules.
type evaluator struct {
	program  *plan.Program
	compiler *ast.Compiler
	// unplanned says why there is no program.
	unplanned error
}

func newEvaluator(ctx context.Context, library *policies.Library) (*evaluator, error) {
	if encoded, ok := strings.CutPrefix(builtin, library.Revision()+"\n"); ok {
		program := &plan.Program{}
		return &evaluator{program: program}, program.UnmarshalBinary([]byte(encoded))
	}
	compiler, err := compile(library)
	if err != nil {
		return nil, err
	}
	made := &evaluator{}
	if made.program, made.unplanned = planned(ctx, library, compiler); made.program == nil {
		made.compiler = compiler
	}
	return made, nil
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
	program, err := plan.Compile(ctx, compiler, paths)
	if err != nil {
		return nil, err
	}
	if program.ReplacesData {
		return nil, errors.New("a rule replaces a part of data by `with`, and data is looked up here")
	}
	return program, nil
}
