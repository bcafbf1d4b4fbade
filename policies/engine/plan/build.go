package plan

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// build creates collections and adds to them.
func (m *machine) build(step *instruction, locals []lazy.Value) int {
	switch step.op {
	case opMakeArray:
		locals[step.target] = newList(step.a)
	case opCollect:
		locals[step.target] = lazy.Of(ast.InternedEmptyArray)
		ended := m.runEach(step.blocks, locals)
		if made, ok := locals[step.target].(*list); ok {
			locals[step.target] = made.array()
		}
		return ended
	case opArray, opObject, opSet:
		return m.construct(step, locals)
	case opMakeObject:
		locals[step.target] = lazy.OfValue(ast.NewObject())
	case opMakeSet:
		locals[step.target] = lazy.Of(ast.InternedEmptySet)
	case opAppend:
		return m.append(step, locals)
	case opLen:
		return m.length(step, locals)
	case opMerge:
		return m.merge(step, locals)
	case opResult:
		m.results.Add(m.get(step.a, locals))
	default:
		return m.put(step, locals)
	}
	return atEnd
}

// put writes a value to a local, a set or an object.
func (m *machine) put(step *instruction, locals []lazy.Value) int {
	if step.op == opAssignOnce {
		return m.assignOnce(step, locals)
	}
	a, target := m.get(step.a, locals), m.force(locals[step.target])
	if a == nil {
		return m.undefined()
	}
	if step.op == opAdd {
		if target == ast.InternedEmptySet {
			// Most sets stay empty. The first element makes one of its own.
			target = ast.NewTerm(ast.NewSet())
			locals[step.target] = lazy.Of(target)
		}
		target.Value.(ast.Set).Add(a)
		return atEnd
	}
	value := m.get(step.b, locals)
	if value == nil {
		return m.undefined()
	}
	object := target.Value.(ast.Object)
	if step.op == opInsertOnce {
		if there := object.Get(a); there != nil && !ast.ValueEqual(there.Value, value.Value) {
			return m.fail(conflict(step.at, "object keys must be unique"))
		}
	}
	object.Insert(a, value)
	return atEnd
}

// assignOnce gives a local its value, which it may have already.
func (m *machine) assignOnce(step *instruction, locals []lazy.Value) int {
	value, before := m.opened(step.a, locals), locals[step.target]
	if value == nil {
		return m.undefined()
	}
	if before != nil && !lazy.Equal(before, value) {
		return m.fail(conflict(step.at, step.called.conflicting()))
	}
	locals[step.target] = value
	return atEnd
}

// list is an array that is being made.
type list struct {
	// terms are its elements while OPA knows all of them, and values from the first one that it does not know.
	terms  []*ast.Term
	values []lazy.Value
	// size is how many there will be; 0 where that is unknown.
	size int
}

// newList begins an array of so many elements; one of none is ready.
func newList(size int) lazy.Value {
	if size == 0 {
		return lazy.Of(ast.InternedEmptyArray)
	}
	return &list{terms: make([]*ast.Term, 0, size), size: size}
}

func (l *list) array() lazy.Value {
	if l.values == nil {
		return lazy.Of(ast.ArrayTerm(l.terms...))
	}
	return lazy.Array(l.values)
}

// Get is that of the array.
func (l *list) Get(key *ast.Term) (lazy.Value, error) { return l.array().Get(key) }

// Force is that of the array.
func (l *list) Force() (*ast.Term, error) { return l.array().Force() }

// add appends a value; full is true when all are there.
func (l *list) add(value lazy.Value) (full bool) {
	if known, ok := value.(*lazy.Known); ok && l.values == nil {
		l.terms = append(l.terms, (*ast.Term)(known))
		return len(l.terms) == l.size
	}
	for _, term := range l.terms {
		l.values = append(l.values, lazy.Of(term))
	}
	l.terms, l.values = nil, append(l.values, value)
	return len(l.values) == l.size
}

func (m *machine) append(step *instruction, locals []lazy.Value) int {
	value := m.opened(step.a, locals)
	if value == nil {
		return m.undefined()
	}
	made, ok := locals[step.target].(*list)
	if !ok {
		// Of a comprehension, this is the first.
		made = &list{terms: make([]*ast.Term, 0, 4)}
		locals[step.target] = made
	}
	if made.add(value) {
		locals[step.target] = made.array()
	}
	return atEnd
}

// construct builds a collection with its elements.
func (m *machine) construct(step *instruction, locals []lazy.Value) int {
	if !m.takeArgs(step, locals) {
		return m.undefined()
	}
	switch step.op {
	case opArray:
		locals[step.target] = m.array()
	case opSet:
		if !m.forceArgs() {
			return m.undefined()
		}
		locals[step.target] = lazy.Of(ast.SetTerm(m.terms...))
	default:
		m.items = m.items[:0]
		for index := 0; index < len(m.args); index += 2 {
			key := m.force(m.args[index])
			if key == nil {
				return m.undefined()
			}
			m.items = append(m.items, lazy.Item{Key: key, Value: m.args[index+1]})
		}
		locals[step.target] = lazy.Object(m.items...)
	}
	return atEnd
}

// array returns an array of the arguments.
func (m *machine) array() lazy.Value {
	if slices.ContainsFunc(m.args, lazy.IsLazy) {
		return lazy.Array(slices.Clone(m.args))
	}
	return lazy.Array(m.args)
}

func (m *machine) length(step *instruction, locals []lazy.Value) int {
	source := m.opened(step.a, locals)
	if source == nil {
		return m.undefined()
	}
	counted, ok := source.(interface{ Len() int })
	if known, isKnown := source.(*lazy.Known); isKnown {
		counted, ok = known.Value.(interface{ Len() int })
	}
	if !ok {
		return out
	}
	locals[step.target] = lazy.Of(ast.InternedTerm(counted.Len()))
	return atEnd
}

// merge merges data over the results of rules at the same path.
func (m *machine) merge(step *instruction, locals []lazy.Value) int {
	base, made := m.get(step.a, locals), m.get(step.b, locals)
	if base == nil || made == nil {
		return m.undefined()
	}
	locals[step.target] = lazy.Of(merged(base, made))
	return atEnd
}

// merged is both, and of two that cannot be one what data holds.
func merged(base, made *ast.Term) *ast.Term {
	a, isObject := base.Value.(ast.Object)
	b, areObjects := made.Value.(ast.Object)
	if !isObject || !areObjects {
		return base
	}
	both, _ := a.MergeWith(b, func(base, made *ast.Term) (*ast.Term, bool) { return merged(base, made), false })
	return ast.NewTerm(both)
}

// replacement is the value of input or data within a block.
func (m *machine) replacement(step *instruction, locals []lazy.Value) lazy.Value {
	if len(step.path) == 0 {
		return m.raw(step.a, locals)
	}
	value := m.get(step.a, locals)
	if value == nil {
		return locals[step.target]
	}
	path := make([]*ast.Term, 0, len(step.path))
	for _, name := range step.path {
		path = append(path, m.get(name, locals))
	}
	return lazy.Of(replace(m.force(locals[step.target]), path, value))
}

// replace returns an object as it is but for the value at path.
func replace(whole *ast.Term, path []*ast.Term, value *ast.Term) *ast.Term {
	replaced := ast.NewObject()
	if whole != nil {
		if object, ok := whole.Value.(ast.Object); ok {
			object.Foreach(func(key, value *ast.Term) { replaced.Insert(key, value) })
		}
	}
	if len(path) > 1 {
		value = replace(replaced.Get(path[0]), path[1:], value)
	}
	replaced.Insert(path[0], value)
	return ast.NewTerm(replaced)
}
