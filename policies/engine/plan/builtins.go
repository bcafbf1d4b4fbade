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

// builtin is a built-in function of OPA.
type builtin struct {
	name string
	call topdown.BuiltinFunc
	// relation marks a function with any number of results, which are returned as an array, and void one without any.
	relation, void bool
	// lazy is nil if the arguments must be read completely.
	lazy lazyBuiltin
}

func newBuiltin(name string) (*builtin, error) {
	call, declared := topdown.GetBuiltin(name), ast.BuiltinMap[name]
	if call == nil || declared == nil {
		return nil, fmt.Errorf("find built-in function %s: this build of OPA has none", name)
	}
	return &builtin{name: name, call: call, relation: declared.Relation, void: declared.Decl.Result() == nil, lazy: newLazyBuiltin(name)}, nil
}

// builtinContext returns the context for OPA's built-in functions.
func builtinContext(ctx context.Context, cancel topdown.Cancel) topdown.BuiltinContext {
	return topdown.BuiltinContext{Context: ctx, Cancel: cancel, Metrics: metrics.NoOp()}
}

// callBuiltin calls a built-in function.
func (m *machine) callBuiltin(step *instruction, locals []lazy.Value) int {
	if !m.takeArgs(step, locals) {
		return m.undefined()
	}
	if step.builtin.lazy != nil && slices.ContainsFunc(m.args, lazy.IsLazy) {
		if result := step.builtin.lazy(m, m.args); result != nil {
			locals[step.target] = result
			return atEnd
		}
	}
	if !m.forceArgs() {
		return m.undefined()
	}
	m.value, m.values = nil, nil
	take := m.take
	if step.builtin.relation {
		take = m.several
	}
	m.context.Location = step.at
	if err := step.builtin.call(m.context, m.terms, take); err != nil {
		return m.refused(err)
	}
	result := m.value
	m.value = nil
	switch {
	case step.builtin.relation:
		result = lazy.Of(ast.ArrayTerm(m.values...))
	case step.builtin.void:
		return atEnd
	case result == nil:
		return out
	}
	locals[step.target] = result
	return atEnd
}

// takeArgs collects the values of a step's operands, which may be lazy. It returns false if one is undefined.
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

// forceArgs converts the arguments to OPA's terms. It returns false if one is undefined.
func (m *machine) forceArgs() bool {
	m.terms = m.terms[:0]
	for _, arg := range m.args {
		term := m.force(arg)
		if term == nil {
			return false
		}
		m.terms = append(m.terms, term)
	}
	return true
}

// refused handles the error of a built-in function: it is undefined, or fails the run in strict mode.
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

// keyOf returns the key of the function that the values of a path name.
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
