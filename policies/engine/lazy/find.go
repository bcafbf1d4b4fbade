package lazy

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Find returns the value at a path of keys of objects, or nil.
func Find(value Value, path ...string) Value {
	for _, key := range path {
		if value = named(value, key); value == nil {
			return nil
		}
	}
	return value
}

// named is Get without a term for the key, where none is needed.
func named(value Value, key string) Value {
	switch value := value.(type) {
	case *node:
		if index, found := value.find(key); found {
			return value.value(index)
		}
		return nil
	case *composite:
		index := slices.IndexFunc(value.keys, func(each *ast.Term) bool {
			name, isString := each.Value.(ast.String)
			return isString && string(name) == key
		})
		if index < 0 {
			return nil
		}
		return value.values[index]
	default:
		return Get(value, ast.StringTerm(key))
	}
}

// Get returns the value at a key of an object or of a lazy value, or nil.
func Get(value Value, key *ast.Term) Value {
	var found Value
	switch value := value.(type) {
	case Collection:
		// Only look-ups elsewhere can fail.
		found, _ = value.Get(key)
	case *Known:
		if object, ok := value.Value.(ast.Object); ok {
			found = Of(object.Get(key))
		}
	}
	return found
}

// IsObject reports whether a value is an object.
func IsObject(value Value) bool {
	switch value := value.(type) {
	case Collection:
		return !value.IsArray()
	case *Known:
		_, ok := value.Value.(ast.Object)
		return ok
	default:
		return false
	}
}

// String returns the text of a string.
func String(value Value) (text string, isString bool) {
	known, ok := value.(*Known)
	if !ok {
		return "", false
	}
	written, ok := known.Value.(ast.String)
	return string(written), ok
}

// Forced is Force for values that cannot fail: documents and values made of them.
func Forced(value Value) ast.Value {
	// Only look-ups elsewhere can fail.
	term, _ := Force(value)
	if term == nil {
		return nil
	}
	return term.Value
}
