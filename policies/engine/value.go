package engine

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/plan"
)

// Values here are OPA's, or are read as far as they are asked for (plan.Collection).

// find returns the value at a path of keys, or nil.
func find(value ast.Value, path ...string) ast.Value {
	for _, key := range path {
		if value = get(value, ast.StringTerm(key)); value == nil {
			return nil
		}
	}
	return value
}

func get(value ast.Value, key *ast.Term) ast.Value {
	var found *ast.Term
	switch value := value.(type) {
	case plan.Collection:
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

func isObject(value ast.Value) bool {
	if collection, ok := value.(plan.Collection); ok {
		return !collection.IsArray()
	}
	_, ok := value.(ast.Object)
	return ok
}

// whole is a value as OPA knows it.
func whole(value ast.Value) ast.Value {
	// Only what is looked up elsewhere can fail.
	read, _ := plan.Whole(value)
	return read
}
