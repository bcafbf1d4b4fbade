package ruletest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/changes"
)

// Changes returns, with file and line, what may report something new of an UPDATE that changes none of the fields that its rule declares
// in `changes`.
func Changes(library *policies.Library, rules []policies.Rule) (problems []string, err error) {
	rules = slices.DeleteFunc(slices.Clone(rules), func(rule policies.Rule) bool { return len(rule.Changes) == 0 })
	if len(rules) == 0 {
		return nil, nil
	}
	program, err := compiled(library)
	if err != nil {
		return nil, err
	}
	for _, rule := range rules {
		for _, resource := range slices.Sorted(maps.Keys(rule.Changes)) {
			for _, set := range []string{"report", "notice"} {
				for _, at := range program.Unproved(rule.Package+"."+set, target(resource, rule.Changes[resource])) {
					problems = append(problems, fmt.Sprintf(
						"%s:%d: custom.changes.%s: this may report something where %s of the old and the new object are equal: compare them here, or remove custom.changes.%[3]s",
						at.File, at.Row, resource, strings.Join(rule.Changes[resource], ", ")))
				}
			}
		}
	}
	return problems, nil
}

func compiled(library *policies.Library) (*changes.Program, error) {
	own, err := library.Modules()
	if err != nil {
		return nil, err
	}
	// Compile changes what it is given.
	modules := make(map[string]*ast.Module, len(own))
	for name, module := range own {
		modules[name] = module.Copy()
	}
	compiler := ast.NewCompiler()
	if compiler.Compile(modules); compiler.Failed() {
		return nil, fmt.Errorf("compile rule library: %w", compiler.Errors)
	}
	return changes.NewProgram(compiler), nil
}

// target leaves out the kind of a subresource, which may have objects of its own.
func target(resource string, fields []string) changes.Target {
	made := changes.Target{Resource: resource, Fields: fields}
	if known, ok := policies.LookupResource(resource); ok && known.Subresource == "" {
		made.Group, made.Kind = known.Group, known.Kind
	}
	return made
}
