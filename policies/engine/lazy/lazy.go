// Package lazy holds values of Rego that are read as far as rules ask: JSON objects (Reader), what is made of them (Array,
// Object) and what others look up. Rules read a tenth of a StatefulSet of 9 KB, and to make OPA's values of all of it takes as
// long as to evaluate the rules. Force makes a value that OPA knows.
package lazy

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Value is a value of which is read what rules ask for. It is an ast.Value to fit where values are. OPA must never get to
// see one: its kinds embed a Value that is nil, so that one that gets away ends the evaluation by a panic instead of being
// taken for something else. What is handed to OPA's functions is what Force returns.
type Value interface {
	ast.Value
	// Get returns what stands at a key, nil where nothing does: the same term each time, which may be lazy.
	Get(key *ast.Term) (*ast.Term, error)
	// Force returns all of it as OPA sees it, nil where there is nothing.
	Force() (*ast.Term, error)
}

// Collection is a lazy value that is known to be an object or an array.
type Collection interface {
	Value
	IsArray() bool
	Len() int
	// At returns what stands at a place from 0 to Len, in the order that OPA has it in. The key of an array is the place.
	At(index int) (key, value *ast.Term)
}

// composite is an object or array with a lazy value in it.
type composite struct {
	ast.Value
	// keys are nil for an array.
	keys, values []*ast.Term
	whole        *ast.Term
}

// Array returns an array of terms, which may be lazy. It keeps the slice.
func Array(terms []*ast.Term) *ast.Term {
	if slices.ContainsFunc(terms, IsLazy) {
		return &ast.Term{Value: &composite{values: terms}}
	}
	return ast.ArrayTerm(terms...)
}

// Object returns an object of keys and values, which may be lazy. Of two with one key the later counts.
func Object(items ...[2]*ast.Term) *ast.Term {
	lazy := slices.ContainsFunc(items, func(item [2]*ast.Term) bool { return IsLazy(item[1]) })
	if lazy || !distinct(items) {
		items = sorted(items)
	}
	if !lazy {
		// OPA takes it that there are no two with one key.
		return ast.ObjectTerm(items...)
	}
	made := &composite{keys: make([]*ast.Term, 0, len(items)), values: make([]*ast.Term, 0, len(items))}
	for _, item := range items {
		made.keys, made.values = append(made.keys, item[0]), append(made.values, item[1])
	}
	return &ast.Term{Value: made}
}

// few is how many keys are sooner compared with each other than sorted.
const few = 16

// distinct reports whether no two of few items have one key.
func distinct(items [][2]*ast.Term) bool {
	if len(items) > few {
		return false
	}
	for index, item := range items {
		for _, other := range items[:index] {
			if ast.ValueEqual(item[0].Value, other[0].Value) {
				return false
			}
		}
	}
	return true
}

// sorted returns items by their keys, and of those with one key the last.
func sorted(items [][2]*ast.Term) [][2]*ast.Term {
	items = slices.Clone(items)
	slices.SortStableFunc(items, func(a, b [2]*ast.Term) int { return ast.Compare(a[0].Value, b[0].Value) })
	left := items[:0]
	for index, item := range items {
		if index+1 == len(items) || !ast.ValueEqual(items[index+1][0].Value, item[0].Value) {
			left = append(left, item)
		}
	}
	return left
}

// IsLazy reports whether a term holds a lazy value.
func IsLazy(term *ast.Term) bool {
	_, lazy := term.Value.(Value)
	return lazy
}

// Force returns a value as OPA sees it.
func Force(value ast.Value) (ast.Value, error) {
	term, err := ForceTerm(Term(value))
	if term == nil || err != nil {
		return nil, err
	}
	return term.Value, nil
}

// Term is a value in a term, nil for nil.
func Term(value ast.Value) *ast.Term {
	if value == nil {
		return nil
	}
	return ast.NewTerm(value)
}

// ForceTerm is a term as OPA sees it, nil where there is nothing.
func ForceTerm(term *ast.Term) (*ast.Term, error) {
	if term == nil {
		return nil, nil
	}
	if lazy, ok := term.Value.(Value); ok {
		return lazy.Force()
	}
	return term, nil
}

// Fields returns the keys and values of an object, in their order.
func Fields(value ast.Value) (fields [][2]*ast.Term, isObject bool) {
	switch object := value.(type) {
	case Collection:
		if object.IsArray() {
			return nil, false
		}
		for index := range object.Len() {
			key, within := object.At(index)
			fields = append(fields, [2]*ast.Term{key, within})
		}
		return fields, true
	case ast.Object:
		object.Foreach(func(key, within *ast.Term) { fields = append(fields, [2]*ast.Term{key, within}) })
		return fields, true
	default:
		return nil, false
	}
}

// Elements returns the elements of an array.
func Elements(value ast.Value) (within []*ast.Term, isArray bool) {
	switch array := value.(type) {
	case *ast.Array:
		within = make([]*ast.Term, 0, array.Len())
		array.Foreach(func(each *ast.Term) { within = append(within, each) })
		return within, true
	case Collection:
		if !array.IsArray() {
			return nil, false
		}
		within = make([]*ast.Term, 0, array.Len())
		for index := range array.Len() {
			_, each := array.At(index)
			within = append(within, each)
		}
		return within, true
	default:
		return nil, false
	}
}

// Equal compares two values, which may be Collections, as far as they are the same.
func Equal(a, b ast.Value) bool {
	left, leftIsLazy := a.(Collection)
	right, rightIsLazy := b.(Collection)
	switch {
	case leftIsLazy && rightIsLazy:
		return left == right || equalCollections(left, right)
	case leftIsLazy:
		return equalTo(left, b)
	case rightIsLazy:
		return equalTo(right, a)
	default:
		return ast.ValueEqual(a, b)
	}
}

func equalCollections(left, right Collection) bool {
	if left.IsArray() != right.IsArray() || left.Len() != right.Len() {
		return false
	}
	for index := range left.Len() {
		leftKey, leftValue := left.At(index)
		rightKey, rightValue := right.At(index)
		if !ast.ValueEqual(leftKey.Value, rightKey.Value) || leftValue != rightValue && !Equal(leftValue.Value, rightValue.Value) {
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
		found := other.Get(key)
		if found == nil || found != within && !Equal(within.Value, found.Value) {
			return false
		}
	}
	return true
}

func (c *composite) IsArray() bool { return c.keys == nil }

func (c *composite) Len() int { return len(c.values) }

func (c *composite) At(index int) (key, value *ast.Term) {
	if c.IsArray() {
		return ast.InternedTerm(index), c.values[index]
	}
	return c.keys[index], c.values[index]
}

func (c *composite) Get(key *ast.Term) (*ast.Term, error) {
	if c.IsArray() {
		number, _ := key.Value.(ast.Number)
		if index, ok := number.Int(); ok && index >= 0 && index < len(c.values) {
			return c.values[index], nil
		}
		return nil, nil
	}
	for index, each := range c.keys {
		if each == key || ast.ValueEqual(each.Value, key.Value) {
			return c.values[index], nil
		}
	}
	return nil, nil
}

func (c *composite) Force() (*ast.Term, error) {
	if c.whole != nil {
		return c.whole, nil
	}
	values := make([]*ast.Term, len(c.values))
	for index, each := range c.values {
		var err error
		if values[index], err = ForceTerm(each); err != nil {
			return nil, err
		}
	}
	if c.IsArray() {
		c.whole = ast.ArrayTerm(values...)
		return c.whole, nil
	}
	items := make([][2]*ast.Term, 0, len(values))
	for index, value := range values {
		items = append(items, [2]*ast.Term{c.keys[index], value})
	}
	c.whole = ast.ObjectTerm(items...)
	return c.whole, nil
}
