package lazy

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

// Find returns the value at a path of keys, or nil.
func Find(value ast.Value, path ...string) ast.Value {
	for _, key := range path {
		if value = Get(value, ast.StringTerm(key)); value == nil {
			return nil
		}
	}
	return value
}

// Get returns what stands at a key of an object or of a lazy value, or nil.
func Get(value ast.Value, key *ast.Term) ast.Value {
	var found *ast.Term
	switch value := value.(type) {
	case Collection:
		// Only what is looked up elsewhere can fail.
		found, _ = value.Get(key)
	case ast.Object:
		found = value.Get(key)
	}
	if found == nil {
		return nil
	}
	return found.Value
}

// IsObject reports whether a value is an object.
func IsObject(value ast.Value) bool {
	if collection, ok := value.(Collection); ok {
		return !collection.IsArray()
	}
	_, ok := value.(ast.Object)
	return ok
}

// Forced is Force for what cannot fail: documents and what is made of them.
func Forced(value ast.Value) ast.Value {
	// Only what is looked up elsewhere can fail.
	read, _ := Force(value)
	return read
}
