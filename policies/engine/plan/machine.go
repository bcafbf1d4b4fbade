package plan

import (
	"context"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// How a block ended: at its end, or by a jump out of so many blocks around it, or for good. A step that is undefined
// jumps out of its own block: jump 0.
const (
	atEnd    = -1
	out      = 0
	returned = 1 << 30
)

// machine carries out one evaluation. It is used again for others.
type machine struct {
	constants []*lazy.Known
	dynamic   map[string]*function
	// byPath finds what substitutes call.
	byPath map[string]*function
	// stack holds the locals of the functions that are running.
	stack []lazy.Value
	top   int
	// high is the most of the stack that was in use.
	high int
	// memos are the latest values of each rule and function. Those of another generation than the present one do not
	// count: something was replaced around them.
	memos []memos
	// called are the functions that have memos.
	called     []int
	generation uint64
	latest     uint64
	strict     bool
	steps      int
	err        error
	// value is what a function returns or a built-in function gave.
	value   lazy.Value
	values  []*ast.Term
	take    func(*ast.Term) error
	several func(*ast.Term) error
	args    []lazy.Value
	terms   []*ast.Term
	items   []lazy.Item
	context topdown.BuiltinContext
	cancel  topdown.Cancel
	stop    func() bool
	// results is what a query's plan gives.
	results ast.Set
}

// machines keeps those that are not in use.
type machines struct {
	constants []*lazy.Known
	dynamic   map[string]*function
	byPath    map[string]*function
	idle      sync.Pool
}

func (m *machines) get(functions int) *machine {
	if idle, ok := m.idle.Get().(*machine); ok {
		return idle
	}
	made := &machine{constants: m.constants, dynamic: m.dynamic, byPath: m.byPath, memos: make([]memos, functions), stack: make([]lazy.Value, 1024)}
	made.take = func(result *ast.Term) error { made.value = lazy.Of(result); return nil }
	made.several = func(result *ast.Term) error { made.values = append(made.values, result); return nil }
	return made
}

// put gives a machine back, which holds on to nothing then.
func (m *machines) put(used *machine) {
	used.stop()
	for _, index := range used.called {
		used.memos[index] = memos{}
	}
	used.called = used.called[:0]
	clear(used.stack[:used.high])
	clear(used.args[:cap(used.args)])
	clear(used.terms[:cap(used.terms)])
	clear(used.items[:cap(used.items)])
	used.steps = 0
	used.top, used.high, used.err, used.value, used.values, used.results = 0, 0, nil, nil, nil, nil
	used.context = topdown.BuiltinContext{}
	m.idle.Put(used)
}

func (m *machine) begin(ctx context.Context, strict bool) {
	m.latest++
	m.generation, m.strict = m.latest, strict
	m.cancel = topdown.NewCancel()
	m.stop = context.AfterFunc(ctx, m.cancel.Cancel)
	m.context = builtinContext(ctx, m.cancel)
}

// call runs a function with these operands of its caller; nil where it is undefined or something went wrong.
func (m *machine) call(called *function, args []int, locals []lazy.Value) lazy.Value {
	if m.err != nil || m.cancelled() {
		return nil
	}
	frame := m.push(called.locals)
	for index, param := range called.params {
		frame[param] = m.raw(args[index], locals)
	}
	value := m.valueOf(called, frame)
	m.top -= len(frame)
	return value
}

// valueOf returns the result of a function for the arguments in its frame, memoized if possible.
func (m *machine) valueOf(called *function, frame []lazy.Value) lazy.Value {
	// The parameters are locals like others, and could be given other values.
	args, few := argsOf(called, frame)
	if !few {
		return m.execute(called, frame)
	}
	latest := &m.memos[called.index]
	value, known := latest.find(m.generation, args)
	if known {
		return value
	}
	first := latest.empty()
	if value = m.execute(called, frame); m.err == nil {
		latest.keep(m.generation, args, value)
	}
	if first {
		m.called = append(m.called, called.index)
	}
	return value
}

func (m *machine) execute(called *function, frame []lazy.Value) lazy.Value {
	if value, done := m.substituted(called, frame); done {
		return value
	}
	blocks, err := called.body()
	if err != nil {
		m.fail(err)
		return nil
	}
	m.value = nil
	for _, each := range blocks {
		if m.run(each, frame) == returned {
			break
		}
	}
	value := m.value
	m.value = nil
	return value
}

// push takes so many locals from the stack, all undefined. A stack that is full is left to those who use it, and
// another begun.
func (m *machine) push(count int) []lazy.Value {
	if m.top+count > len(m.stack) {
		m.stack = make([]lazy.Value, 2*len(m.stack)+count)
	}
	locals := m.stack[m.top : m.top+count : m.top+count]
	clear(locals)
	m.top += count
	m.high = max(m.high, m.top)
	return locals
}

func (m *machine) cancelled() bool {
	if m.cancel.Cancelled() {
		m.err = &topdown.Error{Code: topdown.CancelErr, Message: "caller cancelled query execution"}
	}
	return m.err != nil
}

// fail ends the evaluation.
func (m *machine) fail(err error) int {
	m.err = err
	return returned
}

// run carries out a block.
func (m *machine) run(steps block, locals []lazy.Value) int {
	for index := range steps {
		step := &steps[index]
		m.steps++
		var ended int
		switch step.op {
		case opDot:
			value := m.dot(m.raw(step.a, locals), m.force(m.raw(step.b, locals)))
			if value == nil {
				return m.undefined()
			}
			locals[step.target] = value
			continue
		case opAssign:
			locals[step.target] = m.raw(step.a, locals)
			continue
		case opReset:
			locals[step.target] = nil
			continue
		case opIsDefined:
			if m.raw(step.a, locals) == nil {
				return out
			}
			continue
		case opIsUndefined:
			if m.raw(step.a, locals) != nil {
				return out
			}
			continue
		case opEqual, opNotEqual:
			if m.equal(step, locals) != (step.op == opEqual) {
				return m.undefined()
			}
			continue
		case opReturn:
			m.value = m.raw(step.a, locals)
			return returned
		case opBreak:
			return step.a
		case opBlock:
			ended = m.runEach(step.blocks, locals)
		case opScan:
			ended = m.scan(step, locals)
		case opNot:
			ended = m.not(step, locals)
		case opWith:
			ended = m.with(step, locals)
		case opCall, opCallBuiltin, opCallDynamic:
			ended = m.calling(step, locals)
		case opIsArray, opIsObject, opIsSet:
			ended = m.is(step, locals)
		default:
			ended = m.build(step, locals)
		}
		if ended != atEnd {
			return ended
		}
	}
	return atEnd
}

// undefined is the end of a block by a step that has no value, or by an error.
func (m *machine) undefined() int {
	if m.err != nil {
		return returned
	}
	return out
}

// outer is how the block around ends when one within it ended so.
func outer(ended int) int {
	if ended == returned {
		return returned
	}
	return ended - 1
}

func (m *machine) runEach(blocks []block, locals []lazy.Value) int {
	for _, each := range blocks {
		if ended := m.run(each, locals); ended > out {
			return outer(ended)
		}
	}
	return atEnd
}

// not continues if the inner block does not reach its end.
func (m *machine) not(step *instruction, locals []lazy.Value) int {
	switch ended := m.run(step.blocks[0], locals); ended {
	case atEnd:
		return out
	case out:
		return atEnd
	default:
		return outer(ended)
	}
}

// with replaces input or data, or a part of them, within a block. What was found before does not count there.
func (m *machine) with(step *instruction, locals []lazy.Value) int {
	before, generation := locals[step.target], m.generation
	m.latest++
	m.generation = m.latest
	locals[step.target] = m.replacement(step, locals)
	ended := m.run(step.blocks[0], locals)
	locals[step.target], m.generation = before, generation
	if ended <= out || ended == returned {
		return ended
	}
	return outer(ended)
}

// calling calls a function of Rego or a built-in one.
func (m *machine) calling(step *instruction, locals []lazy.Value) int {
	switch step.op {
	case opCall:
		locals[step.target] = m.call(step.called, step.args, locals)
	case opCallDynamic:
		called := m.dynamic[m.keyOf(step.args, locals)]
		if called == nil {
			return m.undefined()
		}
		locals[step.target] = m.call(called, []int{step.a, step.b}, locals)
		if locals[step.target] == nil && m.err == nil {
			// What was found is not looked for in data: the blocks around are left as well.
			return 3
		}
	default:
		return m.callBuiltin(step, locals)
	}
	if locals[step.target] == nil {
		return m.undefined()
	}
	return atEnd
}
