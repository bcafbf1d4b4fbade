package plan

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// raw is an operand as it is: maybe a place in data that was not read yet.
func (m *machine) raw(operand int, locals []lazy.Value) lazy.Value {
	if operand < 0 {
		return m.constants[^operand]
	}
	return locals[operand]
}

// opened is an operand that OPA knows, or a Collection.
func (m *machine) opened(operand int, locals []lazy.Value) lazy.Value {
	value := m.raw(operand, locals)
	unread, ok := value.(*place)
	if !ok {
		return value
	}
	value, err := unread.open()
	if err != nil {
		m.fail(err)
	}
	return value
}

// get is an operand as OPA knows it.
func (m *machine) get(operand int, locals []lazy.Value) *ast.Term {
	return m.whole(m.raw(operand, locals))
}

func (m *machine) whole(value lazy.Value) *ast.Term {
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

// shape tells what kind of collection a value is, opBlock for none, and how much is in it.
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

// dot looks a key up; nil where there is nothing.
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

// scan carries out a block for each key and value, in their order.
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

// scanObject is apart from scanKnown since what it lets others change costs memory.
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
