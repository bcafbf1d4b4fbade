// Package changes proves of a rule that it has nothing new to report of an UPDATE that changes none of the fields that the rule
// declares in `changes`. policies/engine/README.md says what is proved, and what is assumed.
package changes

import (
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Target is the requests of a proof: UPDATEs of a resource that leave fields, as "spec.template", as they are.
type Target struct {
	// Resource is a rule's word, as "statefulsets" or "statefulsets/scale".
	Resource string
	// Group and Kind are those of the object; a subresource may have objects of another kind, and leaves them empty.
	Group, Kind string
	Fields      []string
}

// Program is a compiled library.
type Program struct {
	functions map[string]*function
}

// NewProgram reads a program that has been compiled without an error.
func NewProgram(compiler *ast.Compiler) *Program {
	return &Program{functions: functionsOf(compiler)}
}

// Unproved returns where the definitions of a set begin, as data.stateward.rules.scale["scale-down"].report, that may add an element
// to it for such a request. A set that the program does not define is empty.
func (p *Program) Unproved(set string, target Target) (unproved []*ast.Location) {
	function := p.functions[set]
	if function == nil {
		return nil
	}
	for _, rule := range function.all {
		for branch := rule; branch != nil; branch = branch.Else {
			if function.opaque || !newProver(p.functions, target).addsNothing(branch) {
				unproved = append(unproved, branch.Location)
			}
		}
	}
	return unproved
}

// addsNothing reports whether a definition of a set has no element.
func (p *prover) addsNothing(rule *ast.Rule) bool {
	return p.body(rule.Body, nil, state{}, func(scope *variables, at state) bool {
		if rule.Head.RuleKind() == ast.MultiValue {
			return p.closed(at)
		}
		return p.eval(rule.Head.Value, scope, at, func(value *term, _ *variables, at state) bool {
			return p.each(value, at, func(_, _ *term, at state) bool { return p.closed(at) })
		})
	})
}

func sortedKeys[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }
