package assembly

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// get returns the value at a key of an object, or nil.
func (a *Assembly) get(object lazy.Value, key string) lazy.Value { return at(object, a.keys[key]) }

// at returns the value at a key of an object or at an index of an array, or nil.
func at(value lazy.Value, key *ast.Term) lazy.Value {
	if value == nil {
		return nil
	}
	// Only look-ups can fail, and a finding contains none.
	found, _ := value.Get(key)
	return found
}

// holds reports whether an expression of this value is true in Rego: it is defined, and not false.
func holds(value lazy.Value) bool { return value != nil && !lazy.Is(value, ast.Boolean(false)) }

// boolean is a value as a boolean; nil is false.
func boolean(value lazy.Value) (truth, isBoolean bool) {
	if value == nil {
		return false, true
	}
	known, ok := value.(*lazy.Known)
	if !ok {
		return false, false
	}
	written, ok := known.Value.(ast.Boolean)
	return bool(written), ok
}

// elements are those of an array or a set.
func elements(value lazy.Value) (within []lazy.Value, ok bool) {
	if known, ok := value.(*lazy.Known); ok {
		if set, ok := known.Value.(ast.Set); ok {
			for _, each := range set.Slice() {
				within = append(within, lazy.Of(each))
			}
			return within, true
		}
	}
	return lazy.Elements(value)
}
