package lazy

import "github.com/open-policy-agent/opa/v1/ast"

// Known is a term of OPA as a Value.
type Known ast.Term

// Of is a term as a Value, nil for nil.
func Of(term *ast.Term) Value {
	if term == nil {
		return nil
	}
	return (*Known)(term)
}

// OfValue is Of a term of its own.
func OfValue(value ast.Value) Value {
	if value == nil {
		return nil
	}
	return (*Known)(ast.NewTerm(value))
}

// Text is a string as a Value.
func Text(text string) Value { return (*Known)(ast.StringTerm(text)) }

func (k *Known) term() *ast.Term { return (*ast.Term)(k) }

// Get returns the value at a key of an object, at an index of an array or in a set, or nil.
func (k *Known) Get(key *ast.Term) (Value, error) {
	switch value := k.Value.(type) {
	case ast.Object:
		return Of(value.Get(key)), nil
	case *ast.Array:
		return Of(value.Get(key)), nil
	case ast.Set:
		if value.Contains(key) {
			return Of(key), nil
		}
	}
	return nil, nil
}

// Force returns the term.
func (k *Known) Force() (*ast.Term, error) { return k.term(), nil }
