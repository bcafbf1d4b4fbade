package plan

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// lazyBuiltin is a built-in function that reads only the needed parts of lazy arguments. If it returns nil, OPA's own function
// is called, for errors too.
type lazyBuiltin func(m *machine, args []lazy.Value) lazy.Value

// newLazyBuiltin returns nil for the many functions that need all of their arguments.
func newLazyBuiltin(name string) lazyBuiltin {
	switch name {
	case "object.get":
		return objectGet
	case "array.concat":
		return arrayConcat
	case "object.union":
		return objectUnion
	case "object.filter":
		return objectFilter
	case "internal.member_2":
		return member
	case "neq":
		return func(_ *machine, args []lazy.Value) lazy.Value {
			return lazy.Of(ast.InternedTerm(!lazy.Equal(args[0], args[1])))
		}
	case "count":
		return ofCollection(func(source lazy.Collection) *ast.Term { return ast.InternedTerm(source.Len()) })
	case "type_name":
		return ofCollection(func(source lazy.Collection) *ast.Term {
			if source.IsArray() {
				return ast.InternedTerm("array")
			}
			return ast.InternedTerm("object")
		})
	case "is_array":
		return ofCollection(func(source lazy.Collection) *ast.Term { return ast.InternedTerm(source.IsArray()) })
	case "is_object":
		return ofCollection(func(source lazy.Collection) *ast.Term { return ast.InternedTerm(!source.IsArray()) })
	case "is_boolean", "is_null", "is_number", "is_set", "is_string":
		return ofCollection(func(lazy.Collection) *ast.Term { return ast.InternedTerm(false) })
	default:
		return nil
	}
}

// ofCollection returns a function of one collection.
func ofCollection(of func(lazy.Collection) *ast.Term) lazyBuiltin {
	return func(_ *machine, args []lazy.Value) lazy.Value {
		source, ok := args[0].(lazy.Collection)
		if !ok {
			return nil
		}
		return lazy.Of(of(source))
	}
}

// objectGet looks up a key, or a path of keys in an array, and returns the third argument if it is missing.
func objectGet(m *machine, args []lazy.Value) lazy.Value {
	source, ok := args[0].(lazy.Collection)
	path := m.force(args[1])
	if !ok || source.IsArray() || path == nil {
		return nil
	}
	found := args[0]
	if keys, ok := path.Value.(*ast.Array); ok {
		for index := 0; index < keys.Len() && found != nil; index++ {
			found = m.dot(found, keys.Elem(index))
		}
	} else {
		found = m.dot(found, path)
	}
	if found == nil {
		return args[2]
	}
	return found
}

// objectFilter keeps the values at the keys of an array, a set or an object.
func objectFilter(m *machine, args []lazy.Value) lazy.Value {
	source, ok := args[0].(lazy.Collection)
	keys := m.force(args[1])
	if !ok || source.IsArray() || keys == nil {
		return nil
	}
	var wanted func(key *ast.Term) bool
	switch within := keys.Value.(type) {
	case *ast.Array:
		wanted = func(key *ast.Term) bool { return within.Until(key.Equal) }
	case ast.Set:
		wanted = within.Contains
	case ast.Object:
		wanted = func(key *ast.Term) bool { return within.Get(key) != nil }
	default:
		return nil
	}
	var kept []lazy.Item
	for index := range source.Len() {
		if key, value := source.At(index); wanted(key) {
			kept = append(kept, lazy.Item{Key: key, Value: value})
		}
	}
	return lazy.Object(kept...)
}

// objectUnion merges both objects. Of two values at one key the second counts, unless both are objects.
func objectUnion(m *machine, args []lazy.Value) lazy.Value {
	first := args[0]
	fields, firstIsObject := lazy.Fields(first)
	others, secondIsObject := lazy.Fields(args[1])
	if !firstIsObject || !secondIsObject {
		return nil
	}
	for _, other := range others {
		if before := m.dot(first, other.Key); before != nil {
			if both := objectUnion(m, []lazy.Value{before, other.Value}); both != nil {
				other.Value = both
			}
		}
		// Of two values at one key the later counts.
		fields = append(fields, other)
	}
	return lazy.Object(fields...)
}

func arrayConcat(_ *machine, args []lazy.Value) lazy.Value {
	first, firstIsArray := lazy.Elements(args[0])
	second, secondIsArray := lazy.Elements(args[1])
	if !firstIsArray || !secondIsArray {
		return nil
	}
	switch {
	case len(first) == 0:
		return args[1]
	case len(second) == 0:
		return args[0]
	default:
		return lazy.Array(slices.Concat(first, second))
	}
}

// member reports whether the first argument is an element of an array.
func member(_ *machine, args []lazy.Value) lazy.Value {
	within, isArray := lazy.Elements(args[1])
	if !isArray {
		return nil
	}
	return lazy.Of(ast.InternedTerm(slices.ContainsFunc(within, func(each lazy.Value) bool { return lazy.Equal(each, args[0]) })))
}
