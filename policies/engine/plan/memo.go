package plan

import "github.com/stateward/stateward/policies/engine/lazy"

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
	args       arguments
	value      lazy.Value
}

// arguments are those besides input and data. They are the same where they are the same terms or lazy values, which is seen at once.
type arguments [remembered]lazy.Value

// argsOf are the arguments in a frame; few is false where there are too many to remember them.
func argsOf(called *function, frame []lazy.Value) (args arguments, few bool) {
	params := called.params[2:]
	if len(params) > remembered {
		return args, false
	}
	for index, param := range params {
		args[index] = frame[param]
	}
	return args, true
}

// empty reports whether nothing was kept; generations count from 1.
func (m *memos) empty() bool { return m.latest[0].generation == 0 }

// find returns the value for these arguments, if it is known.
func (m *memos) find(generation uint64, args arguments) (lazy.Value, bool) {
	for index := range m.latest {
		if each := &m.latest[index]; each.generation == generation && each.args == args {
			return each.value, true
		}
	}
	return nil, false
}

func (m *memos) keep(generation uint64, args arguments, value lazy.Value) {
	m.latest[m.next] = memo{generation: generation, args: args, value: value}
	m.next = (m.next + 1) % kept
}
