package plan

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// raw returns an operand, which may be data that was not read yet.
func (m *machine) raw(operand int, locals []lazy.Value) lazy.Value {
	if operand < 0 {
		return m.constants[^operand]
	}
	return locals[operand]
}

// opened returns an operand as a term of OPA or as a Collection.
func (m *machine) opened(operand int, locals []lazy.Value) lazy.Value {
	value := m.raw(operand, locals)
	unread, ok := value.(*dataRef)
	if !ok {
		return value
	}
	value, err := unread.open()
	if err != nil {
		m.fail(err)
	}
	return value
}

// get returns an operand as a term of OPA.
func (m *machine) get(operand int, locals []lazy.Value) *ast.Term {
	return m.force(m.raw(operand, locals))
}

// force reads a value completely, and returns it as a term of OPA.
func (m *machine) force(value lazy.Value) *ast.Term {
	if known, ok := value.(*lazy.Known); ok {
		return (*ast.Term)(known)
	}
	term, err := lazy.Force(value)
	if err != nil {
		m.fail(err)
	}
	return term
}

func (m *machine) equal(step *instruction, locals []lazy.Value) bool {
	a, b := m.opened(step.a, locals), m.opened(step.b, locals)
	if a == nil || b == nil {
		return a == b
	}
	return lazy.Equal(a, b)
}

// shape returns the kind of a collection, opBlock for other values, and its length.
func shape(value lazy.Value) (opcode, int) {
	switch value := value.(type) {
	case lazy.Collection:
		if value.IsArray() {
			return opIsArray, value.Len()
		}
		return opIsObject, value.Len()
	case *lazy.Known:
		switch value := value.Value.(type) {
		case *ast.Array:
			return opIsArray, value.Len()
		case ast.Object:
			return opIsObject, value.Len()
		case ast.Set:
			return opIsSet, value.Len()
		}
	}
	return opBlock, 0
}

// dot looks up a key, and returns nil if it is missing.
func (m *machine) dot(source lazy.Value, key *ast.Term) lazy.Value {
	if source == nil || key == nil {
		return nil
	}
	found, err := source.Get(key)
	if err != nil {
		m.fail(err)
	}
	return found
}

// scan runs a block for each key and value, in order.
func (m *machine) scan(step *instruction, locals []lazy.Value) int {
	switch source := m.opened(step.target, locals).(type) {
	case lazy.Collection:
		ended := atEnd
		for index := 0; index < source.Len() && ended <= out; index++ {
			key, within := source.At(index)
			ended = m.turn(step, locals, lazy.Of(key), within)
		}
		return m.endOfScan(ended)
	case *lazy.Known:
		return m.endOfScan(m.scanKnown(step, locals, source.Value))
	default:
		return m.endOfScan(atEnd)
	}
}

func (m *machine) scanKnown(step *instruction, locals []lazy.Value, source ast.Value) int {
	ended := atEnd
	switch source := source.(type) {
	case *ast.Array:
		for index := 0; index < source.Len() && ended <= out; index++ {
			ended = m.turn(step, locals, lazy.Of(ast.InternedTerm(index)), lazy.Of(source.Elem(index)))
		}
	case ast.Set:
		for _, element := range source.Slice() {
			if ended = m.turn(step, locals, lazy.Of(element), lazy.Of(element)); ended > out {
				break
			}
		}
	case ast.Object:
		ended = m.scanObject(step, locals, source)
	}
	return ended
}

// scanObject is a function of its own because its closure allocates.
func (m *machine) scanObject(step *instruction, locals []lazy.Value, object ast.Object) int {
	ended := atEnd
	object.Until(func(key, value *ast.Term) bool {
		ended = m.turn(step, locals, lazy.Of(key), lazy.Of(value))
		return ended > out
	})
	return ended
}

func (m *machine) turn(step *instruction, locals []lazy.Value, key, value lazy.Value) int {
	if m.cancelled() {
		return returned
	}
	locals[step.a], locals[step.b] = key, value
	return m.run(step.blocks[0], locals)
}

// endOfScan returns the jump of the surrounding block: a jump out of the inner block begins the next turn, one further ends
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

func (m *machine) is(step *instruction, locals []lazy.Value) int {
	value := m.opened(step.a, locals)
	if value == nil {
		return m.undefined()
	}
	if kind, _ := shape(value); kind != step.op {
		return out
	}
	return atEnd
}
