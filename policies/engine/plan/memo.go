package plan

import "github.com/open-policy-agent/opa/v1/ast"

const (
	// remembered is for how many arguments, besides input and data, the values of a function are kept.
	remembered = 3
	// kept is how many of the latest values: an object and the one before it are both asked about, again and again.
	kept = 4
)

// memos are the latest values of a rule or function, which depends on nothing but its arguments.
type memos struct {
	latest [kept]memo
	next   int
}

type memo struct {
	generation uint64
	args       [remembered]*ast.Term
	value      *ast.Term
}

// find returns the value for the arguments in a frame, if it is known. Arguments are the same where they are the same
// term, which is seen at once.
func (m *memos) find(generation uint64, called *function, frame []*ast.Term) (*ast.Term, bool) {
	params := called.params[2:]
	if len(params) > remembered {
		return nil, false
	}
	for index := range m.latest {
		if each := &m.latest[index]; each.generation == generation && each.isFor(params, frame) {
			return each.value, true
		}
	}
	return nil, false
}

func (m *memo) isFor(params []int, frame []*ast.Term) bool {
	for index, param := range params {
		if m.args[index] != frame[param] {
			return false
		}
	}
	return true
}

func (m *memos) keep(generation uint64, args [remembered]*ast.Term, value *ast.Term) {
	m.latest[m.next] = memo{generation: generation, args: args, value: value}
	m.next = (m.next + 1) % kept
}
