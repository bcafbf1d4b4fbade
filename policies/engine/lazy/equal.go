package lazy

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Equal compares two values up to the first difference. Neither is nil, nor a value that is looked up elsewhere.
func Equal(a, b Value) bool {
	left, leftIsLazy := a.(Collection)
	right, rightIsLazy := b.(Collection)
	switch {
	case a == b:
		return true
	case leftIsLazy && rightIsLazy:
		return equalCollections(left, right)
	case leftIsLazy:
		return equalTo(left, b.(*Known).Value)
	case rightIsLazy:
		return equalTo(right, a.(*Known).Value)
	default:
		return ast.ValueEqual(a.(*Known).Value, b.(*Known).Value)
	}
}

func equalCollections(left, right Collection) bool {
	if left.IsArray() != right.IsArray() || left.Len() != right.Len() {
		return false
	}
	a, isNode := left.(*node)
	if b, areNodes := right.(*node); isNode && areNodes {
		return equalNodes(a, b)
	}
	for index := range left.Len() {
		leftKey, leftValue := left.At(index)
		rightKey, rightValue := right.At(index)
		if !ast.ValueEqual(leftKey.Value, rightKey.Value) || !Equal(leftValue, rightValue) {
			return false
		}
	}
	return true
}

// equalNodes compares two of one kind and length, without terms for their names.
func equalNodes(a, b *node) bool {
	for index := range a.fields {
		if a.fields[index].name != b.fields[index].name {
			return false
		}
	}
	for index := range a.Len() {
		if !Equal(a.value(index), b.value(index)) {
			return false
		}
	}
	return true
}

// Within reports whether another object has every field of this one that counts, with the same value.
func Within(object, other Value, counts func(name string) bool) bool {
	read, isNode := object.(*node)
	if !isNode {
		fields, _ := Fields(object)
		return !slices.ContainsFunc(fields, func(field Item) bool {
			name, isString := field.Key.Value.(ast.String)
			return isString && counts(string(name)) && !hasSame(other, string(name), field.Value)
		})
	}
	for index := range read.Len() {
		if read.IsArray() {
			break
		}
		if name := read.fields[index].name; counts(name) && !hasSame(other, name, read.value(index)) {
			return false
		}
	}
	return true
}

func hasSame(object Value, name string, value Value) bool {
	found := named(object, name)
	return found != nil && Equal(value, found)
}

// equalTo compares a Collection with a value that OPA knows.
func equalTo(collection Collection, value ast.Value) bool {
	other, ok := value.(interface {
		Len() int
		Get(key *ast.Term) *ast.Term
	})
	_, isArray := value.(*ast.Array)
	_, isObject := value.(ast.Object)
	if !ok || isArray != collection.IsArray() || isObject == isArray || other.Len() != collection.Len() {
		return false
	}
	for index := range collection.Len() {
		key, within := collection.At(index)
		found := Of(other.Get(key))
		if found == nil || !Equal(within, found) {
			return false
		}
	}
	return true
}

// Is reports whether a value is this one that OPA knows; nil is none.
func Is(value Value, other ast.Value) bool {
	known, ok := value.(*Known)
	return ok && ast.ValueEqual(known.Value, other)
}
