package plan

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// reader takes apart what a writer has made. After an error it gives nothing but zeros.
type reader struct {
	rest   string
	stored *stored
	// depth is how far blocks and constants are within each other.
	depth int
	err   error
}

// deepest is more than rules need, and less than a stack holds.
const deepest = 1000

var errShort = errors.New("it ends too early")

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// end returns the first error; what is left over is one.
func (r *reader) end() error {
	if r.err == nil && len(r.rest) > 0 {
		r.fail(fmt.Errorf("%d bytes too many", len(r.rest)))
	}
	if r.err != nil {
		return fmt.Errorf("read program, %d bytes before its end: %w", len(r.rest), r.err)
	}
	return nil
}

// declarations reads all but the bodies of functions and the constants, which it leaves as they are.
func (r *reader) declarations() {
	p := r.stored.program
	p.ReplacesData = r.byte() == 1
	for range r.count() {
		r.stored.constants = append(r.stored.constants, r.text())
	}
	p.machines.constants = make([]*lazy.Known, len(r.stored.constants))
	for range r.count() {
		r.stored.builtins = append(r.stored.builtins, r.builtin())
	}
	for range r.count() {
		r.stored.files = append(r.stored.files, r.text())
	}
	for range r.count() {
		p.declare(r.declaration())
	}
	p.machines.dynamic = p.dynamic
}

func (r *reader) byte() byte {
	if r.err != nil || len(r.rest) == 0 {
		r.fail(errShort)
		return 0
	}
	first := r.rest[0]
	r.rest = r.rest[1:]
	return first
}

func (r *reader) number() int {
	number, size := binary.Varint([]byte(r.rest[:min(len(r.rest), binary.MaxVarintLen64)]))
	if r.err != nil || size <= 0 {
		r.fail(errShort)
		return 0
	}
	r.rest = r.rest[size:]
	return int(number)
}

// upTo is a number from 0 to most.
func (r *reader) upTo(most int) int {
	number := r.number()
	if number < 0 || number > most {
		r.fail(fmt.Errorf("%d is not from 0 to %d", number, most))
		return 0
	}
	return number
}

// count reads how many elements follow, of at least a byte each.
func (r *reader) count() int { return r.upTo(len(r.rest)) }

func (r *reader) text() string {
	size := r.count()
	if r.err != nil || size > len(r.rest) {
		r.fail(errShort)
		return ""
	}
	text := r.rest[:size]
	r.rest = r.rest[size:]
	return text
}

// deeper reads what is within something else.
func (r *reader) deeper(read func()) {
	if r.depth++; r.depth > deepest {
		r.fail(errors.New("it is too deep"))
	}
	if r.err == nil {
		read()
	}
	r.depth--
}

func (r *reader) constant() (constant *ast.Term) {
	constant = ast.InternedNullTerm
	r.deeper(func() { constant = r.value() })
	return constant
}

func (r *reader) value() *ast.Term {
	switch kind := r.byte(); kind {
	case isFalse, isTrue:
		return ast.InternedTerm(kind == isTrue)
	case isNumber:
		return ast.NewTerm(ast.Number(r.text()))
	case isString:
		return r.stored.text(r.text())
	case isArray:
		return ast.ArrayTerm(r.elements(r.count())...)
	case isSet:
		return ast.SetTerm(r.elements(r.count())...)
	case isObject:
		object := ast.NewObject()
		for range r.count() {
			key := r.constant()
			object.Insert(key, r.constant())
		}
		return ast.NewTerm(object)
	case isNull:
	default:
		r.fail(fmt.Errorf("%d is not a kind of constant", kind))
	}
	return ast.InternedNullTerm
}

func (r *reader) elements(count int) []*ast.Term {
	elements := make([]*ast.Term, 0, count)
	for range count {
		elements = append(elements, r.constant())
	}
	return elements
}

func (r *reader) builtin() *builtin {
	name := r.text()
	found, err := newBuiltin(name)
	if err != nil {
		r.fail(err)
	}
	return found
}

func (r *reader) declaration() *function {
	each := &function{index: len(r.stored.program.functions), path: r.text(), dynamic: r.text()}
	each.params = make([]int, r.count())
	each.inOrder = make([]int, len(each.params))
	for order := range each.params {
		each.params[order], each.inOrder[order] = r.number(), order
	}
	each.locals = r.upTo(1 << 20)
	each.body = r.stored.body(r.text())
	return each
}

func (r *reader) blocks() []block {
	blocks := make([]block, r.count())
	r.deeper(func() {
		for index := range blocks {
			steps := make(block, r.count())
			for index := range steps {
				r.instruction(&steps[index])
			}
			blocks[index] = steps
		}
	})
	return blocks
}

func (r *reader) instruction(step *instruction) {
	step.op = opcode(r.byte())
	if step.op > opResult {
		r.fail(fmt.Errorf("%d is not an operation", step.op))
	}
	step.a, step.b, step.target = r.operand(), r.operand(), r.operand()
	step.args, step.path = r.operands(), r.operands()
	step.blocks = r.blocks()
	if called := r.upTo(len(r.stored.program.functions)); called > 0 {
		step.called = r.stored.program.functions[called-1]
	}
	if called := r.upTo(len(r.stored.builtins)); called > 0 {
		step.builtin = r.stored.builtins[called-1]
	}
	if file := r.upTo(len(r.stored.files)); file > 0 {
		step.at = ast.NewLocation(nil, r.stored.files[file-1], r.number(), r.number())
	}
}

func (r *reader) operands() []int {
	operands := make([]int, r.count())
	for index := range operands {
		operands[index] = r.operand()
	}
	return operands
}

// operand reads an operand, with the constant that it names.
func (r *reader) operand() int {
	operand := r.number()
	if operand < 0 {
		if err := r.stored.readConstant(^operand); err != nil {
			r.fail(err)
		}
	}
	return operand
}
