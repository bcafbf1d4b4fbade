package changes

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// found is the rest of a proof: it reports whether that can be shown too.
type found func(scope *variables) bool

// foundValue is the rest of a proof after that of a term's value.
type foundValue func(value *term, scope *variables) bool

// proveBody reports whether expressions certainly hold, for some values of their variables. What it does not know it takes for not
// shown.
func (p *prover) proveBody(body ast.Body, scope *variables, seen *view, rest found) bool {
	if len(body) == 0 {
		return rest(scope)
	}
	if p.steps++; p.steps > p.limit {
		return false
	}
	return p.proveExpr(body[0], scope, seen, func(scope *variables) bool {
		return p.proveBody(body[1:], scope, seen, rest)
	})
}

func (p *prover) proveExpr(expr *ast.Expr, scope *variables, seen *view, rest found) bool {
	switch terms := expr.Terms.(type) {
	case *ast.Term:
		if expr.Negated {
			return p.proveNot(expr, scope, seen) && rest(scope)
		}
		return len(expr.With) == 0 && p.proveTerm(terms, scope, seen, func(value *term, scope *variables) bool { return seen.holds(value) && rest(scope) })
	case []*ast.Term:
		switch {
		case len(expr.With) > 0:
			return false
		case expr.Negated:
			return p.proveNot(expr, scope, seen) && rest(scope)
		case expr.IsEquality():
			return p.proveEqual(terms[1], terms[2], scope, seen, rest)
		default:
			return p.proveCall(expr, scope, seen, rest)
		}
	default:
		return false
	}
}

// proveNot reports whether an expression cannot hold.
func (p *prover) proveNot(expr *ast.Expr, scope *variables, seen *view) bool {
	positive := expr.Copy()
	positive.Negated = false
	return len(expr.With) == 0 && p.expr(positive, scope, seen.without(), func(_ *variables, at state) bool { return p.closed(at) })
}

// without is what holds besides what cannot: that must not be shown by itself.
func (v *view) without() state {
	at := v.at
	at.denials, at.waiting = nil, nil
	return at
}

func (p *prover) proveEqual(left, right *ast.Term, scope *variables, seen *view, rest found) bool {
	if isPattern(right, scope) {
		left, right = right, left
	}
	return p.proveTerm(right, scope, seen, func(value *term, scope *variables) bool { return p.proveMatch(left, value, scope, seen, rest) })
}

func (p *prover) proveMatch(pattern *ast.Term, value *term, scope *variables, seen *view, rest found) bool {
	if name, ok := pattern.Value.(ast.Var); ok && scope.find(name) == nil {
		return rest(scope.with(name, value))
	}
	if isPattern(pattern, scope) {
		return false
	}
	return p.proveTerm(pattern, scope, seen, func(wanted *term, scope *variables) bool { return p.equal(value, wanted, seen) && rest(scope) })
}

func (p *prover) equal(left, right *term, seen *view) bool {
	left, isLeft := seen.resolve(p, left)
	right, isRight := seen.resolve(p, right)
	if !isLeft || !isRight {
		return false
	}
	if left.kind == constant && right.kind == constant {
		return left.value.Compare(right.value) == 0
	}
	return seen.order.equal(left, right)
}

func (p *prover) proveTerm(of *ast.Term, scope *variables, seen *view, rest foundValue) bool {
	if ast.IsConstant(of.Value) {
		return rest(p.constant(of.Value), scope)
	}
	switch value := of.Value.(type) {
	case ast.Var:
		known := scope.find(value)
		return known != nil && rest(known, scope)
	case ast.Ref:
		return p.proveRef(value, scope, seen, rest)
	case *ast.Array:
		return p.proveLiteral(array, elementsOf(value), scope, seen, rest)
	case ast.Set:
		return p.proveLiteral(set, value.Slice(), scope, seen, rest)
	case ast.Object:
		return p.proveLiteral(object, pairsOf(value), scope, seen, rest)
	case *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension:
		return rest(p.capture(value, scope), scope)
	default:
		return false
	}
}

func (p *prover) proveLiteral(kind kind, parts []*ast.Term, scope *variables, seen *view, rest foundValue) bool {
	return p.proveTerms(parts, scope, seen, func(values []*term, scope *variables) bool {
		return rest(p.literal(kind, values), scope)
	})
}

func (p *prover) proveTerms(parts []*ast.Term, scope *variables, seen *view, rest func(values []*term, scope *variables) bool) bool {
	if len(parts) == 0 {
		return rest(nil, scope)
	}
	return p.proveTerm(parts[0], scope, seen, func(first *term, scope *variables) bool {
		return p.proveTerms(parts[1:], scope, seen, func(others []*term, scope *variables) bool {
			return rest(append([]*term{first}, others...), scope)
		})
	})
}

func (p *prover) proveRef(ref ast.Ref, scope *variables, seen *view, rest foundValue) bool {
	if path, keys := p.ruleOf(ref); path != "" {
		base := p.rule(path)
		if p.isKnown(base, seen) {
			return p.proveKeys(base, keys, scope, seen, rest)
		}
		return p.proveDefinition(base, seen, func(value *term) bool { return p.proveKeys(value, keys, scope, seen, rest) })
	}
	name, isVar := ref[0].Value.(ast.Var)
	base := scope.find(name)
	return isVar && base != nil && p.proveKeys(base, ref[1:], scope, seen, rest)
}

// proveKeys tries each element where a key is a variable without a value.
func (p *prover) proveKeys(base *term, keys []*ast.Term, scope *variables, seen *view, rest foundValue) bool {
	if len(keys) == 0 {
		return p.isKnown(base, seen) && rest(base, scope)
	}
	if isPattern(keys[0], scope) {
		return p.proveEach(base, seen, func(key, value *term) bool {
			return p.proveMatch(keys[0], key, scope, seen, func(scope *variables) bool {
				return p.proveKeys(value, keys[1:], scope, seen, rest)
			})
		})
	}
	return p.proveTerm(keys[0], scope, seen, func(key *term, scope *variables) bool {
		value := p.get(base, key)
		return value != nil && p.proveKeys(value, keys[1:], scope, seen, rest)
	})
}

// isKnown reports whether a value is certainly defined.
func (p *prover) isKnown(value *term, seen *view) bool {
	value, defined := seen.resolve(p, value)
	switch {
	case !defined:
		return false
	case value.kind == constant, value.kind == comprehension, value == p.object, value == p.old, value == p.both, seen.defined[value]:
		return true
	case value.kind == array, value.kind == set, value.kind == object:
		return !slices.ContainsFunc(value.args, func(arg *term) bool { return !p.isKnown(arg, seen) })
	default:
		return value.kind == symbol
	}
}

// holds reports whether a value that is defined is certainly not false.
func (v *view) holds(value *term) bool {
	if value.kind == constant {
		return value.value.Compare(ast.Boolean(false)) != 0
	}
	return v.truths[value] || slices.Contains([]kind{array, set, object, comprehension}, value.kind)
}

func (p *prover) proveCall(expr *ast.Expr, scope *variables, seen *view, rest found) bool {
	name, operands := expr.Operator().String(), expr.Operands()
	var output *ast.Term
	if p.hasOutput(expr) {
		operands, output = operands[:len(operands)-1], operands[len(operands)-1]
	}
	return p.proveTerms(operands, scope, seen, func(args []*term, scope *variables) bool {
		return p.proveResult(name, args, seen, func(value *term) bool {
			if output == nil {
				return seen.holds(value) && rest(scope)
			}
			return p.proveMatch(output, value, scope, seen, rest)
		})
	})
}

func (p *prover) proveResult(name string, args []*term, seen *view, rest func(value *term) bool) bool {
	called := p.call(name, args)
	if called == nil {
		return false
	}
	value, defined := seen.resolve(p, called)
	switch {
	case !defined:
		return false
	case p.isKnown(value, seen):
		return rest(value)
	case p.functions[name] != nil:
		return p.proveDefinition(value, seen, rest)
	case name == ast.Member.Name:
		return p.proveEach(args[1], seen, func(_, element *term) bool { return p.equal(element, args[0], seen) }) && rest(p.boolean(true))
	case isComparison(name):
		return p.proveComparison(name, args, seen) && rest(p.boolean(true))
	case name == least || name == most:
		return args[0].kind == array && p.isKnown(args[0], seen) && rest(value)
	default:
		return false
	}
}

func (p *prover) proveComparison(name string, args []*term, seen *view) bool {
	left, isLeft := seen.resolve(p, args[0])
	right, isRight := seen.resolve(p, args[1])
	if !isLeft || !isRight {
		return false
	}
	if name == ast.GreaterThan.Name || name == ast.GreaterThanEq.Name {
		left, right = right, left
	}
	switch name {
	case ast.Equal.Name:
		return p.equal(left, right, seen)
	case ast.LessThan.Name, ast.GreaterThan.Name:
		return seen.order.relation(left, right) == lessThan
	case ast.LessThanEq.Name, ast.GreaterThanEq.Name:
		return seen.order.relation(left, right) != unknown || left == right
	default:
		return slices.ContainsFunc(seen.unequal, func(each fact) bool {
			return each.left == left && each.right == right || each.left == right && each.right == left
		})
	}
}

// proveDefinition tries each definition of a function, those after an else where the ones before cannot apply.
func (p *prover) proveDefinition(called *term, seen *view, rest func(value *term) bool) bool {
	function := p.functions[called.name]
	if called.kind != call || function == nil || function.opaque || function.partial {
		return false
	}
	return slices.ContainsFunc(function.rules, func(rule *ast.Rule) bool {
		for branch := rule; branch != nil; branch = branch.Else {
			if p.proveBranch(rule.Head.Args, branch, called, seen, rest) {
				return true
			}
			if branch.Else == nil || !p.definition(rule.Head.Args, branch, called, seen.without(), func(_ *term, at state) bool { return p.closed(at) }) {
				return false
			}
		}
		return false
	})
}

func (p *prover) proveBranch(args ast.Args, branch *ast.Rule, called *term, seen *view, rest func(value *term) bool) bool {
	body, scope := p.denied(args, branch.Body, called)
	return p.proveBody(body, scope, seen, func(scope *variables) bool {
		if branch.Head.Value == nil {
			return rest(p.boolean(true))
		}
		return p.proveTerm(branch.Head.Value, scope, seen, func(value *term, _ *variables) bool { return rest(value) })
	})
}

// proveEach tries each element that a collection certainly has.
func (p *prover) proveEach(collection *term, seen *view, rest func(key, value *term) bool) bool {
	collection, defined := seen.resolve(p, collection)
	if !defined {
		return false
	}
	if pairs, ok := p.elementsOf(collection); ok {
		for pair := range slices.Chunk(pairs, 2) {
			if rest(pair[0], pair[1]) {
				return true
			}
		}
		return false
	}
	for _, each := range seen.members {
		if each.collection == collection && rest(each.key, each.value) {
			return true
		}
	}
	if collection.kind == comprehension {
		return p.proveEachOfCode(collection, seen, rest)
	}
	return collection.kind == call && p.proveDefinition(collection, seen, func(value *term) bool {
		return p.proveEach(value, seen, rest)
	})
}

func (p *prover) proveEachOfCode(of *term, seen *view, rest func(key, value *term) bool) bool {
	body, key, value := partsOfCode(of.code)
	if key != nil {
		return false
	}
	return p.proveBody(body, p.scopeOf(of), seen, func(scope *variables) bool {
		return p.proveTerm(value, scope, seen, func(value *term, _ *variables) bool { return rest(p.keyOf(of, value), value) })
	})
}
