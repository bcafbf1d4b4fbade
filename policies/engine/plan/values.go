package plan

import "github.com/open-policy-agent/opa/v1/ast"

// raw is an operand as it is: maybe a place in data that nobody has read.
func (m *machine) raw(operand int, locals []*ast.Term) *ast.Term {
	if operand < 0 {
		return m.constants[^operand]
	}
	return locals[operand]
}

// get is an operand as a value.
func (m *machine) get(operand int, locals []*ast.Term) *ast.Term {
	if operand < 0 {
		return m.constants[^operand]
	}
	return m.whole(locals[operand])
}

func (m *machine) whole(term *ast.Term) *ast.Term {
	if term == nil {
		return nil
	}
	place, ok := term.Value.(*node)
	if !ok {
		return term
	}
	value, err := place.whole()
	if err != nil {
		m.fail(err)
	}
	return value
}

func (m *machine) equal(step *instruction, locals []*ast.Term) bool {
	a, b := m.get(step.a, locals), m.get(step.b, locals)
	if a == nil || b == nil {
		return a == b
	}
	return a == b || ast.ValueEqual(a.Value, b.Value)
}

// dot looks a key up; nil where there is nothing.
func (m *machine) dot(source, key *ast.Term) *ast.Term {
	if source == nil || key == nil {
		return nil
	}
	switch value := source.Value.(type) {
	case ast.Object:
		return value.Get(key)
	case *ast.Array:
		return value.Get(key)
	case ast.Set:
		if value.Contains(key) {
			return key
		}
	case *node:
		found, err := value.dot(key)
		if err != nil {
			m.fail(err)
		}
		return found
	}
	return nil
}

// scan carries out a block for each key and value, in their order.
func (m *machine) scan(step *instruction, locals []*ast.Term) int {
	source := m.get(step.target, locals)
	if source == nil {
		return m.endOfScan(atEnd)
	}
	ended := atEnd
	switch value := source.Value.(type) {
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
	term := m.get(step.a, locals)
	if term == nil {
		return m.undefined()
	}
	fits := false
	switch term.Value.(type) {
	case *ast.Array:
		fits = step.op == opIsArray
	case ast.Object:
		fits = step.op == opIsObject
	case ast.Set:
		fits = step.op == opIsSet
	}
	if !fits {
		return out
	}
	return atEnd
}
