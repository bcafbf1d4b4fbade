package lazy

import "github.com/open-policy-agent/opa/v1/ast"

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
	for index := range left.Len() {
		leftKey, leftValue := left.At(index)
		rightKey, rightValue := right.At(index)
		if !ast.ValueEqual(leftKey.Value, rightKey.Value) || !Equal(leftValue, rightValue) {
			return false
		}
	}
	return true
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
