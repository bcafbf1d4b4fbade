package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// native is a built-in function.
type native struct {
	name string
	call topdown.BuiltinFunc
	// relation tells one with any number of results, which are handed over as an array, and void one without.
	relation, void bool
	// shallow is nil where everything has to be read.
	shallow shallow
}

func newNative(name string) (*native, error) {
	call, declared := topdown.GetBuiltin(name), ast.BuiltinMap[name]
	if call == nil || declared == nil {
		return nil, fmt.Errorf("find built-in function %s: this build of OPA has none", name)
	}
	return &native{name: name, call: call, relation: declared.Relation, void: declared.Decl.Result() == nil, shallow: newShallow(name)}, nil
}

// builtinContext is what OPA's built-in functions ask of an evaluation.
func builtinContext(ctx context.Context, cancel topdown.Cancel) topdown.BuiltinContext {
	return topdown.BuiltinContext{Context: ctx, Cancel: cancel, Metrics: metrics.NoOp()}
}

// native calls a built-in function.
func (m *machine) native(step *instruction, locals []lazy.Value) int {
	if !m.takeArgs(step, locals) {
		return m.undefined()
	}
	if step.native.shallow != nil && slices.ContainsFunc(m.args, lazy.IsLazy) {
		if result := step.native.shallow(m, m.args); result != nil {
			locals[step.target] = result
			return atEnd
		}
	}
	if !m.wholeArgs() {
		return m.undefined()
	}
	m.value, m.values = nil, nil
	take := m.take
	if step.native.relation {
		take = m.several
	}
	m.context.Location = step.at
	if err := step.native.call(m.context, m.terms, take); err != nil {
		return m.refused(err)
	}
	result := m.value
	m.value = nil
	switch {
	case step.native.relation:
		result = lazy.Of(ast.ArrayTerm(m.values...))
	case step.native.void:
		return atEnd
	case result == nil:
		return out
	}
	locals[step.target] = result
	return atEnd
}

// takeArgs gathers the values of a step's operands, which may be Collections; false where one has none.
func (m *machine) takeArgs(step *instruction, locals []lazy.Value) bool {
	m.args = m.args[:0]
	for _, arg := range step.args {
		value := m.opened(arg, locals)
		if value == nil {
			return false
		}
		m.args = append(m.args, value)
	}
	return true
}

// wholeArgs makes of what was gathered what OPA knows.
func (m *machine) wholeArgs() bool {
	m.terms = m.terms[:0]
	for _, arg := range m.args {
		term := m.whole(arg)
		if term == nil {
			return false
		}
		m.terms = append(m.terms, term)
	}
	return true
}

// refused is what becomes of a call with arguments that the function does not take.
func (m *machine) refused(err error) int {
	var halt topdown.Halt
	if errors.As(err, &halt) {
		return m.fail(halt.Err)
	}
	if m.strict || topdown.IsCancel(err) {
		return m.fail(err)
	}
	return out
}

// keyOf is the key of a function that values name.
func (m *machine) keyOf(path []int, locals []lazy.Value) string {
	keys := make([]string, 0, len(path))
	for _, operand := range path {
		name := m.get(operand, locals)
		if name == nil {
			return ""
		}
		text, ok := name.Value.(ast.String)
		if !ok {
			return ""
		}
		keys = append(keys, string(text))
	}
	return dynamicKey(keys)
}
