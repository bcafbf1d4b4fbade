package lazy

import "github.com/open-policy-agent/opa/v1/ast"

// Names are the keys of objects that are made again and again, so that none of them needs a term of its own.
type Names []*ast.Term

// NewNames returns names as keys. They must be sorted, as OPA has the keys of its objects.
func NewNames(sorted ...string) Names {
	names := make(Names, 0, len(sorted))
	for _, name := range sorted {
		names = append(names, ast.StringTerm(name))
	}
	return names
}

// Object returns the object with these values, in the order of the names. A value of nil is left out with its name. It keeps
// the slice.
func (n Names) Object(values ...Value) Value {
	made := &composite{keys: n, values: values}
	for index, value := range values {
		if value == nil {
			return n.without(index, values)
		}
	}
	return made
}

// without returns the object where the first value that is left out has this index.
func (n Names) without(index int, values []Value) Value {
	made := &composite{keys: append(Names{}, n[:index]...), values: values[:index]}
	for ; index < len(values); index++ {
		if values[index] != nil {
			made.keys, made.values = append(made.keys, n[index]), append(made.values, values[index])
		}
	}
	return made
}
