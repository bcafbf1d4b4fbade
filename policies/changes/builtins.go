package changes

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// builtin is the result of a built-in function as far as it is known: nil for undefined.
func (p *prover) builtin(name string, args []*term) (value *term, known bool) {
	switch name {
	case ast.NotEqual.Name, ast.LessThan.Name, ast.GreaterThan.Name, ast.Equal.Name, ast.Equality.Name, ast.LessThanEq.Name, ast.GreaterThanEq.Name:
		return p.compared(name, args[0], args[1])
	case ast.IsObject.Name:
		return p.isObject(args[0])
	case ast.ObjectGet.Name:
		return p.objectGet(args)
	case ast.ObjectKeys.Name:
		return p.objectKeys(args[0])
	case ast.Member.Name:
		return p.isMember(args[0], args[1])
	case least, most:
		return p.extremeOf(name, args[0])
	default:
		return nil, false
	}
}

func (p *prover) compared(name string, left, right *term) (value *term, known bool) {
	order := 0
	switch {
	case left == right:
	case left.kind == constant && right.kind == constant:
		order = left.value.Compare(right.value)
	default:
		return nil, false
	}
	switch name {
	case ast.NotEqual.Name:
		return p.boolean(order != 0), true
	case ast.LessThan.Name:
		return p.boolean(order < 0), true
	case ast.GreaterThan.Name:
		return p.boolean(order > 0), true
	case ast.LessThanEq.Name:
		return p.boolean(order <= 0), true
	case ast.GreaterThanEq.Name:
		return p.boolean(order >= 0), true
	default:
		return p.boolean(order == 0), true
	}
}

func (p *prover) isObject(of *term) (value *term, known bool) {
	switch {
	case of == p.object, of == p.old, of == p.both, of.kind == object:
		return p.boolean(true), true
	case of.kind == constant:
		return p.boolean(isObject(of.value)), true
	default:
		return nil, false
	}
}

// objectGet looks up what is known; a missing field is the default.
func (p *prover) objectGet(args []*term) (value *term, known bool) {
	if args[1].kind != constant {
		return nil, false
	}
	keys, ok := keysOf(args[1].value)
	if !ok {
		return nil, false
	}
	value = args[0]
	for _, key := range keys {
		next, known := p.lookUp(value, p.text(key))
		if !known && value.kind == call {
			next, known = p.getOfCall(value, p.text(key))
		}
		if !known {
			return nil, false
		}
		if next == nil {
			return args[2], value.kind != constant || isObject(value.value)
		}
		value = next
	}
	return value, true
}

func (p *prover) objectKeys(of *term) (value *term, known bool) {
	pairs, ok := p.elementsOf(of)
	if !ok || of.kind != object && (of.kind != constant || !isObject(of.value)) {
		return nil, false
	}
	var keys []*term
	for pair := range slices.Chunk(pairs, 2) {
		keys = append(keys, pair[0])
	}
	return p.literal(set, keys), true
}

// isMember knows members that are written, and non-members of constants.
func (p *prover) isMember(of, collection *term) (value *term, known bool) {
	pairs, ok := p.elementsOf(collection)
	if !ok {
		return nil, false
	}
	known = of.kind == constant
	for pair := range slices.Chunk(pairs, 2) {
		if equal, ok := p.compared(ast.Equal.Name, pair[1], of); ok && equal == p.boolean(true) {
			return equal, true
		}
		known = known && pair[1].kind == constant
	}
	return p.boolean(false), known
}

// extremeOf is the least or the greatest element of a constant.
func (p *prover) extremeOf(name string, of *term) (value *term, known bool) {
	pairs, ok := p.elementsOf(of)
	if !ok || of.kind != constant || len(pairs) == 0 {
		return nil, false
	}
	value = pairs[1]
	for pair := range slices.Chunk(pairs, 2) {
		if order := pair[1].value.Compare(value.value); name == least && order < 0 || name == most && order > 0 {
			value = pair[1]
		}
	}
	return value, true
}
