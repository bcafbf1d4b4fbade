package plan

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// raw is an operand as it is: maybe a place in data that was not read yet.
func (m *machine) raw(operand int, locals []*ast.Term) *ast.Term {
	if operand < 0 {
		return m.constants[^operand]
	}
	return locals[operand]
}

// opened is an operand as a value, or as a Collection.
func (m *machine) opened(operand int, locals []*ast.Term) *ast.Term {
	term := m.raw(operand, locals)
	if term == nil {
		return nil
	}
	unread, ok := term.Value.(*place)
	if !ok {
		return term
	}
	value, err := unread.open()
	if err != nil {
		m.fail(err)
	}
	return value
}

// get is an operand as a value that OPA knows.
func (m *machine) get(operand int, locals []*ast.Term) *ast.Term {
	if operand < 0 {
		return m.constants[^operand]
	}
	return m.whole(locals[operand])
}

func (m *machine) whole(term *ast.Term) *ast.Term {
	value, err := lazy.ForceTerm(term)
	if err != nil {
		m.fail(err)
	}
	return value
}

func (m *machine) equal(step *instruction, locals []*ast.Term) bool {
	a, b := m.opened(step.a, locals), m.opened(step.b, locals)
	if a == nil || b == nil {
		return a == b
	}
	return a == b || lazy.Equal(a.Value, b.Value)
}

// shape tells what kind of collection a value is, opBlock for none, and how much stands in it.
func shape(value ast.Value) (opcode, int) {
	switch value := value.(type) {
	case lazy.Collection:
		if value.IsArray() {
			return opIsArray, value.Len()
		}
		return opIsObject, value.Len()
	case *ast.Array:
		return opIsArray, value.Len()
	case ast.Object:
		return opIsObject, value.Len()
	case ast.Set:
		return opIsSet, value.Len()
	default:
		return opBlock, 0
	}
}

// dot looks a key up; nil where there is nothing.
func (m *machine) dot(source, key *ast.Term) *ast.Term {
	if source == nil || key == nil {
		return nil
	}
	switch value := source.Value.(type) {
	case lazy.Value:
		found, err := value.Get(key)
		if err != nil {
			m.fail(err)
		}
		return found
	case ast.Object:
		return value.Get(key)
	case *ast.Array:
		return value.Get(key)
	case ast.Set:
		if value.Contains(key) {
			return key
		}
	}
	return nil
}

// scan carries out a block for each key and value, in their order.
func (m *machine) scan(step *instruction, locals []*ast.Term) int {
	source := m.opened(step.target, locals)
	if source == nil {
		return m.endOfScan(atEnd)
	}
	ended := atEnd
	switch value := source.Value.(type) {
	case lazy.Collection:
		for index := 0; index < value.Len() && ended <= out; index++ {
			key, within := value.At(index)
			ended = m.turn(step, locals, key, within)
		}
	case *ast.Array:
		for index := 0; index < value.Len() && ended <= out; index++ {
			ended = m.turn(step, locals, ast.InternedTerm(index), value.Elem(index))
		}
	case ast.Set:
		for _, element := range value.Slice() {
			if ended = m.turn(step, locals, element, element); ended > out {
				break
			}
		}
	case ast.Object:
		ended = m.scanObject(step, locals, value)
	}
	return m.endOfScan(ended)
}

// scanObject is apart from scan since what it lets others change costs memory.
func (m *machine) scanObject(step *instruction, locals []*ast.Term, object ast.Object) int {
	ended := atEnd
	object.Until(func(key, value *ast.Term) bool {
		ended = m.turn(step, locals, key, value)
		return ended > out
	})
	return ended
}

func (m *machine) turn(step *instruction, locals []*ast.Term, key, value *ast.Term) int {
	if m.cancelled() {
		return returned
	}
	locals[step.a], locals[step.b] = key, value
	return m.run(step.blocks[0], locals)
}

// endOfScan tells how the block around goes on: a jump out of the block within is the next turn, one further the end of
// the scan.
func (m *machine) endOfScan(ended int) int {
	switch {
	case m.err != nil || ended == returned:
		return returned
	case ended <= 1:
		return atEnd
	default:
		return ended - 2
	}
}

func (m *machine) is(step *instruction, locals []*ast.Term) int {
	term := m.opened(step.a, locals)
	if term == nil {
		return m.undefined()
	}
	if kind, _ := shape(term.Value); kind != step.op {
		return out
	}
	return atEnd
}
