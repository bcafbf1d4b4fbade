package plan

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// header begins every encoded program; its end is the version of the format.
const header = "stateward plan 2\n"

// Kinds of constants in an encoded program.
const (
	isNull byte = iota
	isFalse
	isTrue
	isNumber
	isString
	isArray
	isObject
	isSet
)

// Encode writes the program, so that another process need not plan it again. Equal rules give equal bytes.
func (p *Program) Encode() ([]byte, error) {
	if err := p.stored.readConstants(); err != nil {
		return nil, err
	}
	// What is named elsewhere comes first. The names of built-in functions and files are gathered on the way.
	body := &writer{builtins: map[*builtin]int{}, files: map[string]int{}}
	bodies := make([]string, 0, len(p.functions))
	for _, each := range p.functions {
		blocks, err := each.body()
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, body.apart(func() { body.blocks(blocks) }))
	}
	w := &writer{out: []byte(header)}
	w.flagged(p.ReplacesData, 1, 0)
	if err := w.constants(p.machines.constants); err != nil {
		return nil, err
	}
	w.names(body.builtinNames)
	w.names(body.fileNames)
	w.number(len(p.functions))
	for index, each := range p.functions {
		w.declaration(each)
		w.text(bodies[index])
	}
	return w.out, nil
}

// writer gathers what Encode returns.
type writer struct {
	out          []byte
	builtins     map[*builtin]int
	builtinNames []string
	files        map[string]int
	fileNames    []string
}

func (w *writer) number(number int) { w.out = binary.AppendVarint(w.out, int64(number)) }

// apart returns what write writes, which is left out.
func (w *writer) apart(write func()) string {
	before := len(w.out)
	write()
	written := string(w.out[before:])
	w.out = w.out[:before]
	return written
}

// flagged writes one of two bytes.
func (w *writer) flagged(set bool, yes, no byte) {
	if set {
		no = yes
	}
	w.out = append(w.out, no)
}

func (w *writer) text(text string) {
	w.number(len(text))
	w.out = append(w.out, text...)
}

func (w *writer) names(names []string) {
	w.number(len(names))
	for _, name := range names {
		w.text(name)
	}
}

func (w *writer) numbers(numbers []int) {
	w.number(len(numbers))
	for _, number := range numbers {
		w.number(number)
	}
}

func (w *writer) constants(constants []*lazy.Known) (err error) {
	w.number(len(constants))
	for _, constant := range constants {
		encoded := w.apart(func() { err = errors.Join(err, w.value(constant.Value)) })
		w.text(encoded)
	}
	return err
}

func (w *writer) value(value ast.Value) error {
	switch value := value.(type) {
	case ast.Null:
		w.out = append(w.out, isNull)
	case ast.Boolean:
		w.flagged(bool(value), isTrue, isFalse)
	case ast.Number:
		w.out = append(w.out, isNumber)
		w.text(string(value))
	case ast.String:
		w.out = append(w.out, isString)
		w.text(string(value))
	case *ast.Array:
		w.out = append(w.out, isArray)
		w.number(value.Len())
		return value.Iter(func(element *ast.Term) error { return w.value(element.Value) })
	case ast.Set:
		w.out = append(w.out, isSet)
		w.number(value.Len())
		return value.Iter(func(element *ast.Term) error { return w.value(element.Value) })
	case ast.Object:
		w.out = append(w.out, isObject)
		w.number(value.Len())
		return value.Iter(func(key, value *ast.Term) error {
			if err := w.value(key.Value); err != nil {
				return err
			}
			return w.value(value.Value)
		})
	default:
		return fmt.Errorf("encode constant %v: a %T is none", value, value)
	}
	return nil
}

// declaration is what callers of a function need.
func (w *writer) declaration(each *function) {
	w.text(each.path)
	w.text(each.dynamic)
	w.numbers(each.params)
	w.number(each.locals)
}

func (w *writer) blocks(blocks []block) {
	w.number(len(blocks))
	for _, each := range blocks {
		w.number(len(each))
		for index := range each {
			w.instruction(&each[index])
		}
	}
}

func (w *writer) instruction(step *instruction) {
	w.out = append(w.out, byte(step.op))
	w.number(step.a)
	w.number(step.b)
	w.number(step.target)
	w.numbers(step.args)
	w.numbers(step.path)
	w.blocks(step.blocks)
	w.number(indexOf(step.called))
	w.number(w.builtinIndex(step.builtin))
	w.location(step.at)
}

// indexOf is one more than the index of a function, and 0 for none.
func indexOf(called *function) int {
	if called == nil {
		return 0
	}
	return called.index + 1
}

func (w *writer) builtinIndex(called *builtin) int {
	if called == nil {
		return 0
	}
	index, known := w.builtins[called]
	if !known {
		w.builtinNames = append(w.builtinNames, called.name)
		index = len(w.builtinNames)
		w.builtins[called] = index
	}
	return index
}

func (w *writer) location(at *ast.Location) {
	if at == nil {
		w.number(0)
		return
	}
	index, known := w.files[at.File]
	if !known {
		w.fileNames = append(w.fileNames, at.File)
		index = len(w.fileNames)
		w.files[at.File] = index
	}
	w.number(index)
	w.number(at.Row)
	w.number(at.Col)
}
