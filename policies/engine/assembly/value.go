package assembly

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// get returns what is at a key of an object, nil where nothing is.
func (a *Assembly) get(object *ast.Term, key string) *ast.Term {
	if object == nil {
		return nil
	}
	return at(object.Value, a.keys[key])
}

// at returns what is at a key of an object or an index of an array, nil where nothing is.
func at(value ast.Value, key *ast.Term) *ast.Term {
	switch value := value.(type) {
	case lazy.Collection:
		// Only what is looked up elsewhere can fail, and that is no Collection.
		found, _ := value.Get(key)
		return found
	case ast.Object:
		return value.Get(key)
	case *ast.Array:
		return value.Get(key)
	default:
		return nil
	}
}

// text is a term as a string.
func text(term *ast.Term) (string, bool) {
	if term == nil {
		return "", false
	}
	value, ok := term.Value.(ast.String)
	return string(value), ok
}

// holds reports whether an expression of this value is true in Rego: it is defined, and not false.
func holds(term *ast.Term) bool {
	return term != nil && term.Value != ast.Boolean(false)
}

// boolean is a term as a boolean; nil is false.
func boolean(term *ast.Term) (value, isBoolean bool) {
	if term == nil {
		return false, true
	}
	truth, ok := term.Value.(ast.Boolean)
	return bool(truth), ok
}

// elements are those of an array or a set.
func elements(term *ast.Term) ([]*ast.Term, bool) {
	if set, ok := term.Value.(ast.Set); ok {
		return set.Slice(), true
	}
	return lazy.Elements(term.Value)
}
