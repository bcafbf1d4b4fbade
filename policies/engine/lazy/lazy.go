// Package lazy holds values of Rego that are decoded on demand: JSON objects (Reader), collections of them (Array,
// Object) and look-ups of other packages. Rules read a tenth of a StatefulSet of 9 KB, and decoding all of it takes as
// long as evaluating the rules. Force returns a value of OPA.
package lazy

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Value is a value of Rego: a term of OPA (Known), or one that is decoded on demand. A Value of nil is
// undefined. OPA's functions take terms, and only Force makes one.
type Value interface {
	// Get returns the value at a key, or nil. It is the same Value each time.
	Get(key *ast.Term) (Value, error)
	// Force returns the whole value as a value of OPA, or nil.
	Force() (*ast.Term, error)
}

// Collection is a lazy value that is known to be an object or an array.
type Collection interface {
	Value
	IsArray() bool
	Len() int
	// At returns what is at a place from 0 to Len, in the order that OPA has it in. The key of an array is the place.
	At(index int) (key *ast.Term, value Value)
}

// Item is a key of an object and its value.
type Item struct {
	Key   *ast.Term
	Value Value
}

// composite is an object or array with a lazy value in it.
type composite struct {
	// keys are nil for an array.
	keys   []*ast.Term
	values []Value
	forced *ast.Term
}

// Array returns an array of values. It keeps the slice.
func Array(values []Value) Value {
	if slices.ContainsFunc(values, IsLazy) {
		return &composite{values: values}
	}
	terms := make([]*ast.Term, 0, len(values))
	for _, value := range values {
		terms = append(terms, value.(*Known).term())
	}
	return Of(ast.ArrayTerm(terms...))
}

// Object returns an object. Of two items with one key the later counts.
func Object(items ...Item) Value {
	lazy := slices.ContainsFunc(items, func(item Item) bool { return IsLazy(item.Value) })
	// OPA sorts its own objects.
	if lazy && !ascending(items) || !lazy && !distinct(items) {
		items = sorted(items)
	}
	if !lazy {
		return ofKnown(items)
	}
	made := &composite{keys: make([]*ast.Term, 0, len(items)), values: make([]Value, 0, len(items))}
	for _, item := range items {
		made.keys, made.values = append(made.keys, item.Key), append(made.values, item.Value)
	}
	return made
}

// ofKnown is an object of values that OPA knows. OPA takes it that there are no two with one key.
func ofKnown(items []Item) Value {
	var room [few][2]*ast.Term
	terms := room[:0]
	for _, item := range items {
		terms = append(terms, ast.Item(item.Key, item.Value.(*Known).term()))
	}
	return Of(ast.ObjectTerm(terms...))
}

// few is how many keys are sooner compared with each other than sorted.
const few = 16

// distinct reports whether no two of few items have one key.
func distinct(items []Item) bool {
	if len(items) > few {
		return false
	}
	for index, item := range items {
		for _, other := range items[:index] {
			if ast.ValueEqual(item.Key.Value, other.Key.Value) {
				return false
			}
		}
	}
	return true
}

// ascending reports whether items have different keys and are in their order.
func ascending(items []Item) bool {
	for index := 1; index < len(items); index++ {
		if ast.Compare(items[index-1].Key.Value, items[index].Key.Value) >= 0 {
			return false
		}
	}
	return true
}

// sorted returns items by their keys, and of those with one key the last.
func sorted(items []Item) []Item {
	items = slices.Clone(items)
	slices.SortStableFunc(items, func(a, b Item) int { return ast.Compare(a.Key.Value, b.Key.Value) })
	left := items[:0]
	for index, item := range items {
		if index+1 == len(items) || !ast.ValueEqual(items[index+1].Key.Value, item.Key.Value) {
			left = append(left, item)
		}
	}
	return left
}

// IsLazy reports whether OPA does not know a value.
func IsLazy(value Value) bool {
	_, known := value.(*Known)
	return value != nil && !known
}

// Force is value.Force, and nil for nil.
func Force(value Value) (*ast.Term, error) {
	if value == nil {
		return nil, nil
	}
	return value.Force()
}

// Fields returns the keys and values of an object, in their order.
func Fields(value Value) (fields []Item, isObject bool) {
	switch value := value.(type) {
	case Collection:
		if value.IsArray() {
			return nil, false
		}
		fields = make([]Item, 0, value.Len())
		for index := range value.Len() {
			key, within := value.At(index)
			fields = append(fields, Item{key, within})
		}
		return fields, true
	case *Known:
		object, isObject := value.Value.(ast.Object)
		if !isObject {
			return nil, false
		}
		fields = make([]Item, 0, object.Len())
		object.Foreach(func(key, within *ast.Term) { fields = append(fields, Item{key, Of(within)}) })
		return fields, true
	default:
		return nil, false
	}
}

// Elements returns the elements of an array.
func Elements(value Value) (within []Value, isArray bool) {
	switch value := value.(type) {
	case Collection:
		if !value.IsArray() {
			return nil, false
		}
		within = make([]Value, 0, value.Len())
		for index := range value.Len() {
			_, each := value.At(index)
			within = append(within, each)
		}
		return within, true
	case *Known:
		array, isArray := value.Value.(*ast.Array)
		if !isArray {
			return nil, false
		}
		within = make([]Value, 0, array.Len())
		array.Foreach(func(each *ast.Term) { within = append(within, Of(each)) })
		return within, true
	default:
		return nil, false
	}
}

func (c *composite) IsArray() bool { return c.keys == nil }

func (c *composite) Len() int { return len(c.values) }

func (c *composite) At(index int) (key *ast.Term, value Value) {
	if c.IsArray() {
		return ast.InternedTerm(index), c.values[index]
	}
	return c.keys[index], c.values[index]
}

func (c *composite) Get(key *ast.Term) (Value, error) {
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
	if c.forced != nil {
		return c.forced, nil
	}
	values := make([]*ast.Term, len(c.values))
	for index, each := range c.values {
		var err error
		if values[index], err = each.Force(); err != nil {
			return nil, err
		}
	}
	if c.IsArray() {
		c.forced = ast.ArrayTerm(values...)
		return c.forced, nil
	}
	items := make([][2]*ast.Term, 0, len(values))
	for index, value := range values {
		items = append(items, [2]*ast.Term{c.keys[index], value})
	}
	c.forced = ast.ObjectTerm(items...)
	return c.forced, nil
}
