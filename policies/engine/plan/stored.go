package plan

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// Decode opens a program that Encode wrote. One with functions that this build of OPA does not have is an error. The bodies
// of functions are read when they are first called: most evaluations call few of them, and a start must not read the rest.
// A body that is invalid is an error of the call.
func Decode(encoded string) (*Program, error) {
	rest, ok := strings.CutPrefix(encoded, header)
	if !ok {
		return nil, fmt.Errorf("read program: it does not begin with %q: was it encoded by another version?", header)
	}
	program := newProgram()
	program.stored = &stored{program: program, texts: map[string]*ast.Term{}}
	r := &reader{rest: rest, stored: program.stored}
	r.declarations()
	return program, r.end()
}

// stored is an encoded program with what was read of it.
type stored struct {
	program   *Program
	constants []string
	builtins  []*builtin
	files     []string
	// texts are the strings that were read: the metadata of rules have the same keys and many of the same values.
	texts map[string]*ast.Term
	// reading is held while a body is read: bodies share constants.
	reading sync.Mutex
}

// body returns how to read a body once, with the constants that it names.
func (s *stored) body(encoded string) func() ([]block, error) {
	return sync.OnceValues(func() ([]block, error) {
		s.reading.Lock()
		defer s.reading.Unlock()
		r := &reader{rest: encoded, stored: s}
		blocks := r.blocks()
		return blocks, r.end()
	})
}

// readConstant makes a constant known. Those who use it see it, because they read a body that names it first.
func (s *stored) readConstant(index int) error {
	known := s.program.machines.constants
	if index >= len(known) {
		return fmt.Errorf("there are %d constants, and it names number %d", len(known), index)
	}
	if known[index] != nil {
		return nil
	}
	r := &reader{rest: s.constants[index], stored: s}
	known[index] = (*lazy.Known)(r.constant())
	return r.end()
}

// readConstants makes all constants known, even those that no body names.
func (s *stored) readConstants() error {
	if s == nil {
		return nil
	}
	s.reading.Lock()
	defer s.reading.Unlock()
	var failed []error
	for index := range s.constants {
		failed = append(failed, s.readConstant(index))
	}
	return errors.Join(failed...)
}

func (s *stored) text(text string) *ast.Term {
	known := s.texts[text]
	if known == nil {
		known = ast.StringTerm(text)
		s.texts[text] = known
	}
	return known
}
