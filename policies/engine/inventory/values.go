package inventory

import "github.com/open-policy-agent/opa/v1/ast"

// find returns the value at a path of keys, or nil.
func find(value ast.Value, path ...string) ast.Value {
	for _, key := range path {
		object, ok := value.(ast.Object)
		if !ok {
			return nil
		}
		found := object.Get(ast.StringTerm(key))
		if found == nil {
			return nil
		}
		value = found.Value
	}
	return value
}

// textAt is the string at a path, or "".
func textAt(value ast.Value, path ...string) string {
	text, _ := find(value, path...).(ast.String)
	return string(text)
}

// elementsAt are the elements of the array at a path.
func elementsAt(value ast.Value, path ...string) (elements []ast.Value) {
	array, ok := find(value, path...).(*ast.Array)
	if !ok {
		return nil
	}
	elements = make([]ast.Value, 0, array.Len())
	array.Foreach(func(each *ast.Term) { elements = append(elements, each.Value) })
	return elements
}
