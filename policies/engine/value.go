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

// fields returns the keys and values of an object.
func fields(value ast.Value) (found [][2]*ast.Term) {
	switch object := value.(type) {
	case plan.Collection:
		for index := range object.Len() {
			key, within := object.At(index)
			found = append(found, [2]*ast.Term{key, within})
		}
	case ast.Object:
		object.Foreach(func(key, within *ast.Term) { found = append(found, [2]*ast.Term{key, within}) })
	}
	return found
}

// items returns what stands in an array.
func items(value ast.Value) (found []ast.Value) {
	switch array := value.(type) {
	case plan.Collection:
		for index := range array.Len() {
			_, within := array.At(index)
			found = append(found, within.Value)
		}
	case *ast.Array:
		array.Foreach(func(within *ast.Term) { found = append(found, within.Value) })
	}
	return found
}

// whole is a value as OPA knows it.
func whole(value ast.Value) ast.Value {
	// Only what is looked up elsewhere can fail.
	read, _ := plan.Whole(value)
	return read
}
