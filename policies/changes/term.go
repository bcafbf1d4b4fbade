package changes

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// kind is the kind of a term.
type kind int

const (
	// constant has a value.
	constant kind = iota
	// symbol is a value of which only the name is known.
	symbol
	// field is args[0][args[1]].
	field
	// call is what the function or rule of this name returns for args.
	call
	// array and set have args as elements, object has keys and values by turns.
	array
	set
	object
	// comprehension is made by code, whose variables captured#0, captured#1 ... are args.
	comprehension
)

// term is a value of the program as far as it is known. Equal terms are one term, and have equal values.
type term struct {
	kind  kind
	name  string
	value ast.Value
	args  []*term
	code  ast.Value
	id    int
	// versions is true for a term that contains a version of the object.
	versions bool
}

// terms makes terms, each once.
type terms struct {
	known map[string]*term
	count int
}

func (t *terms) intern(made term) *term {
	var key strings.Builder
	fmt.Fprint(&key, int(made.kind), " ", strconv.Quote(made.name), " ", made.value)
	for _, arg := range made.args {
		fmt.Fprint(&key, " ", arg.id)
		made.versions = made.versions || arg.versions
	}
	if known := t.known[key.String()]; known != nil {
		return known
	}
	made.id = len(t.known)
	t.known[key.String()] = &made
	return &made
}

func (t *terms) constant(value ast.Value) *term { return t.intern(term{kind: constant, value: value}) }

func (t *terms) text(text string) *term { return t.constant(ast.String(text)) }

func (t *terms) boolean(value bool) *term { return t.constant(ast.Boolean(value)) }

func (t *terms) symbol(name string) *term { return t.intern(term{kind: symbol, name: name}) }

// fresh is a value of which nothing is known.
func (t *terms) fresh() *term {
	t.count++
	return t.symbol(fmt.Sprintf("fresh %d", t.count))
}

// literal is a constant if all of args are constants.
func (t *terms) literal(kind kind, args []*term) *term {
	if slices.ContainsFunc(args, func(arg *term) bool { return arg.kind != constant }) {
		return t.intern(term{kind: kind, args: args})
	}
	values := make([]*ast.Term, len(args))
	for index, arg := range args {
		values[index] = ast.NewTerm(arg.value)
	}
	switch kind {
	case array:
		return t.constant(ast.NewArray(values...))
	case set:
		return t.constant(ast.NewSet(values...))
	default:
		made := ast.NewObject()
		for pair := range slices.Chunk(values, 2) {
			made.Insert(pair[0], pair[1])
		}
		return t.constant(made)
	}
}

// lookUp is what a literal or constant has for a constant key: nil where it has none. known is false where that cannot be told.
func (t *terms) lookUp(base, key *term) (value *term, known bool) {
	if key.kind != constant {
		return nil, false
	}
	switch base.kind {
	case constant:
		found, err := base.value.Find(ast.Ref{ast.NewTerm(key.value)})
		if err != nil {
			return nil, true
		}
		return t.constant(found), true
	case array:
		index, err := strconv.Atoi(key.value.String())
		switch {
		case err != nil:
			_, isNumber := key.value.(ast.Number)
			return nil, !isNumber
		case index < 0 || index >= len(base.args):
			return nil, true
		}
		return base.args[index], true
	case object:
		return t.lookUpIn(base, key)
	default:
		return nil, false
	}
}

func (t *terms) lookUpIn(base, key *term) (value *term, known bool) {
	_, known = key.value.(ast.String)
	for pair := range slices.Chunk(base.args, 2) {
		if pair[0] == key {
			return pair[1], true
		}
		known = known && pair[0].kind == constant
	}
	return nil, known
}

// elementsOf are the keys and values of a literal or a small constant, by turns; ok is false for other terms.
func (t *terms) elementsOf(collection *term) (pairs []*term, ok bool) {
	switch collection.kind {
	case array:
		for index, arg := range collection.args {
			pairs = append(pairs, t.constant(ast.Number(strconv.Itoa(index))), arg)
		}
		return pairs, true
	case set:
		for _, arg := range collection.args {
			pairs = append(pairs, arg, arg)
		}
		return pairs, true
	case object:
		return collection.args, true
	case constant:
		return t.elementsOfConstant(collection.value)
	default:
		return nil, false
	}
}

func (t *terms) elementsOfConstant(collection ast.Value) (pairs []*term, ok bool) {
	add := func(key, value ast.Value) { pairs = append(pairs, t.constant(key), t.constant(value)) }
	switch value := collection.(type) {
	case *ast.Array:
		index := 0
		value.Foreach(func(element *ast.Term) {
			add(ast.Number(strconv.Itoa(index)), element.Value)
			index++
		})
	case ast.Set:
		value.Foreach(func(element *ast.Term) { add(element.Value, element.Value) })
	case ast.Object:
		value.Foreach(func(key, element *ast.Term) { add(key.Value, element.Value) })
	}
	// Scalars have no elements.
	return pairs, true
}

// keysOf are the keys of a constant array, or a constant string; ok is false for other terms.
func keysOf(path ast.Value) (keys []string, ok bool) {
	switch value := path.(type) {
	case ast.String:
		return []string{string(value)}, true
	case *ast.Array:
		for index := range value.Len() {
			key, isText := value.Elem(index).Value.(ast.String)
			if !isText {
				return nil, false
			}
			keys = append(keys, string(key))
		}
		return keys, true
	default:
		return nil, false
	}
}
