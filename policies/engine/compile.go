package engine

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies"
)

// Options spare work where a process lives for one question only. The zero value spares nothing.
type Options struct {
	// Asked, where it is set, tells the rules and mutations that reviews will ask; the others are not compiled. To decide
	// a review that another one judges is an error then.
	Asked func(policies.Rule) bool
	// Trusted says that the library is known to compile, as the built-in one: nobody looks for mistakes in it.
	Trusted bool
}

// left are the files of rules and mutations that nobody will ask.
func (o Options) left(library *policies.Library) map[string]bool {
	left := map[string]bool{}
	for _, rule := range library.All() {
		if o.Asked != nil && !o.Asked(rule) {
			left[rule.File] = true
		}
	}
	return left
}

func compile(library *policies.Library, left map[string]bool, trusted bool) (*ast.Compiler, error) {
	compiler := ast.NewCompiler().WithCapabilities(Capabilities()).WithStrict(true)
	if trusted {
		compiler = compiler.WithSkipStages(checks()...)
	}
	// Compile takes the modules over and changes them; a library may serve several engines.
	modules := make(map[string]*ast.Module, len(library.Modules))
	for name, module := range library.Modules {
		if !left[name] {
			modules[name] = module.Copy()
		}
	}
	if compiler.Compile(modules); compiler.Failed() {
		return nil, fmt.Errorf("compile rule library: %w", compiler.Errors)
	}
	return compiler, nil
}

// checks are the stages of the compiler that find mistakes and change nothing.
func checks() []ast.StageID {
	return []ast.StageID{
		ast.StageCheckUnusedImports, ast.StageCheckKeywordOverrides, ast.StageCheckDuplicateImports, ast.StageCheckVoidCalls,
		ast.StageCheckRuleConflicts, ast.StageCheckUndefinedFuncs, ast.StageCheckSafetyRuleHeads, ast.StageCheckRecursion,
		ast.StageCheckTypes, ast.StageCheckUnsafeBuiltins, ast.StageCheckDeprecatedBuiltins, ast.StageBuildRequiredCapabilities,
	}
}
