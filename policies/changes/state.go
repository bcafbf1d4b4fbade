package changes

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// variables holds the values of variables.
type variables struct {
	name  ast.Var
	value *term
	outer *variables
}

// find returns nil for a variable without a value.
func (s *variables) find(name ast.Var) *term {
	for ; s != nil; s = s.outer {
		if s.name == name {
			return s.value
		}
	}
	return nil
}

func (s *variables) with(name ast.Var, value *term) *variables {
	return &variables{name: name, value: value, outer: s}
}

// fact is a comparison that holds: left operator right.
type fact struct {
	operator    string
	left, right *term
}

// denial is what cannot be shown to hold: a `not`, or the definitions before an else.
type denial struct {
	body  ast.Body
	scope *variables
}

// member is an element of a collection about which nothing more is known.
type member struct {
	collection, key, value *term
}

// state is what holds where an evaluation has come to. It is copied, never changed.
type state struct {
	facts []fact
	// truths are neither false nor undefined, defined are not undefined.
	truths, defined []*term
	denials         []denial
	members         []member
	// values are what calls return.
	values map[*term]*term
	// waiting are calls whose definitions have not been looked at.
	waiting []*term
}

func added[T any](list []T, more ...T) []T { return append(list[:len(list):len(list)], more...) }

// isPlain reports whether nothing but constants was evaluated.
func (s state) isPlain() bool {
	isUnknown := func(value *term) bool { return value.kind != constant }
	return len(s.facts)+len(s.truths)+len(s.members) == 0 && !slices.ContainsFunc(s.defined, isUnknown)
}

func (s state) withDefined(value *term) state {
	s.defined = added(s.defined, value)
	return s
}

func (s state) withWaiting(called *term) state {
	s.waiting = added(s.waiting, called)
	return s
}

func (s state) withDenial(body ast.Body, scope *variables) state {
	s.denials = added(s.denials, denial{body: body, scope: scope})
	return s
}
