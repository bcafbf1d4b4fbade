package changes

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// then is the rest of an evaluation. It reports whether none of its ends can be reached.
type then func(scope *variables, at state) bool

// thenWith is the rest of an evaluation after that of a term.
type thenWith func(value *term, scope *variables, at state) bool

// body evaluates expressions one after the other, as OPA does, and reports whether no way through them can be followed to the end.
// What it does not know it takes for possible.
func (p *prover) body(body ast.Body, scope *variables, at state, rest then) bool {
	if len(body) == 0 {
		return rest(scope, at)
	}
	if p.steps++; p.steps > p.limit {
		return false
	}
	return p.expr(body[0], scope, at, func(scope *variables, at state) bool {
		return p.body(body[1:], scope, at, rest)
	})
}

func (p *prover) expr(expr *ast.Expr, scope *variables, at state, rest then) bool {
	if len(expr.With) > 0 {
		return rest(p.unknown(expr, scope), at)
	}
	if expr.Negated {
		positive := expr.Copy()
		positive.Negated = false
		return rest(scope, at.withDenial(ast.NewBody(positive), scope))
	}
	switch terms := expr.Terms.(type) {
	case *ast.Term:
		return p.eval(terms, scope, at, func(value *term, scope *variables, at state) bool {
			return p.holds(value, scope, at, rest)
		})
	case []*ast.Term:
		if expr.IsEquality() {
			return p.unify(terms[1], terms[2], scope, at, rest)
		}
		return p.apply(expr, scope, at, rest)
	default:
		// An `every`, and what a later OPA may have.
		return rest(p.unknown(expr, scope), at)
	}
}

// unknown gives the variables of an expression values of which nothing is known.
func (p *prover) unknown(expr *ast.Expr, scope *variables) *variables {
	visitor := ast.NewVarVisitor().WithParams(ast.VarVisitorParams{SkipRefCallHead: true})
	visitor.Walk(expr)
	for _, name := range visitor.Vars().Sorted() {
		if !ast.RootDocumentNames.Contains(ast.NewTerm(name)) && scope.find(name) == nil {
			scope = scope.with(name, p.fresh())
		}
	}
	return scope
}

// holds goes on where a value is not false.
func (p *prover) holds(value *term, scope *variables, at state, rest then) bool {
	if value.kind == constant {
		return value.value.Compare(ast.Boolean(false)) == 0 || rest(scope, at)
	}
	at.truths = added(at.truths, value)
	return rest(scope, at)
}

// compare goes on where a comparison holds.
func (p *prover) compare(operator string, left, right *term, scope *variables, at state, rest then) bool {
	if value, known := p.compared(operator, left, right); known {
		return p.holds(value, scope, at, rest)
	}
	at.facts = added(at.facts, fact{operator: operator, left: left, right: right})
	if collection := p.filledBy(operator, left, right); collection != nil {
		at = at.withWaiting(p.made(term{kind: call, name: filled, args: []*term{collection}}))
	}
	return rest(scope, at)
}

func (p *prover) unify(left, right *ast.Term, scope *variables, at state, rest then) bool {
	if isPattern(left, scope) {
		return p.assign(left, right, scope, at, rest)
	}
	if isPattern(right, scope) {
		return p.assign(right, left, scope, at, rest)
	}
	return p.evalAll([]*ast.Term{left, right}, scope, at, func(values []*term, scope *variables, at state) bool {
		return p.compare(ast.Equality.Name, values[0], values[1], scope, at, rest)
	})
}

// isPattern reports whether a term gives variables their values.
func isPattern(of *ast.Term, scope *variables) bool {
	switch value := of.Value.(type) {
	case ast.Var:
		return scope.find(value) == nil
	case *ast.Array:
		for index := range value.Len() {
			if isPattern(value.Elem(index), scope) {
				return true
			}
		}
	}
	return false
}

func (p *prover) assign(pattern, from *ast.Term, scope *variables, at state, rest then) bool {
	return p.eval(from, scope, at, func(value *term, scope *variables, at state) bool {
		return p.match(pattern, value, scope, at, rest)
	})
}

// match goes on where a value has the form of a pattern.
func (p *prover) match(pattern *ast.Term, value *term, scope *variables, at state, rest then) bool {
	if name, ok := pattern.Value.(ast.Var); ok && scope.find(name) == nil {
		return rest(scope.with(name, value), at)
	}
	if list, ok := pattern.Value.(*ast.Array); ok && isPattern(pattern, scope) {
		return p.matchElements(list, 0, value, scope, at, rest)
	}
	return p.eval(pattern, scope, at, func(wanted *term, scope *variables, at state) bool {
		return p.compare(ast.Equality.Name, value, wanted, scope, at, rest)
	})
}

func (p *prover) matchElements(list *ast.Array, index int, value *term, scope *variables, at state, rest then) bool {
	if index == list.Len() {
		return rest(scope, at)
	}
	element := p.get(value, p.constant(ast.IntNumberTerm(index).Value))
	if element == nil {
		return true
	}
	return p.match(list.Elem(index), element, scope, at.withDefined(element), func(scope *variables, at state) bool {
		return p.matchElements(list, index+1, value, scope, at, rest)
	})
}

// eval evaluates a term, once for each value that it may have.
func (p *prover) eval(of *ast.Term, scope *variables, at state, rest thenWith) bool {
	if ast.IsConstant(of.Value) {
		return rest(p.constant(of.Value), scope, at)
	}
	switch value := of.Value.(type) {
	case ast.Var:
		known := scope.find(value)
		if known == nil {
			known = p.fresh()
			scope = scope.with(value, known)
		}
		return rest(known, scope, at)
	case ast.Ref:
		return p.evalRef(value, scope, at, rest)
	case *ast.Array:
		return p.evalLiteral(array, elementsOf(value), scope, at, rest)
	case ast.Set:
		return p.evalLiteral(set, value.Slice(), scope, at, rest)
	case ast.Object:
		return p.evalLiteral(object, pairsOf(value), scope, at, rest)
	case *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension:
		return rest(p.capture(value, scope), scope, at)
	default:
		return rest(p.fresh(), scope, at)
	}
}

func elementsOf(list *ast.Array) (elements []*ast.Term) {
	list.Foreach(func(element *ast.Term) { elements = append(elements, element) })
	return elements
}

func pairsOf(of ast.Object) (pairs []*ast.Term) {
	of.Foreach(func(key, value *ast.Term) { pairs = append(pairs, key, value) })
	return pairs
}

func (p *prover) evalLiteral(kind kind, parts []*ast.Term, scope *variables, at state, rest thenWith) bool {
	return p.evalAll(parts, scope, at, func(values []*term, scope *variables, at state) bool {
		return rest(p.literal(kind, values), scope, at)
	})
}

func (p *prover) evalAll(parts []*ast.Term, scope *variables, at state, rest func(values []*term, scope *variables, at state) bool) bool {
	if len(parts) == 0 {
		return rest(nil, scope, at)
	}
	return p.eval(parts[0], scope, at, func(first *term, scope *variables, at state) bool {
		return p.evalAll(parts[1:], scope, at, func(others []*term, scope *variables, at state) bool {
			return rest(append([]*term{first}, others...), scope, at)
		})
	})
}

func (p *prover) evalRef(ref ast.Ref, scope *variables, at state, rest thenWith) bool {
	if path, keys := p.ruleOf(ref); path != "" {
		base := p.rule(path)
		return p.follow(base, keys, scope, at.withDefined(base), rest)
	}
	name, isVar := ref[0].Value.(ast.Var)
	if base := scope.find(name); isVar && base != nil {
		return p.follow(base, ref[1:], scope, at, rest)
	}
	// It is `input`, or data outside of the program.
	if isVar && ast.RootDocumentNames.Contains(ref[0]) {
		return p.follow(p.symbol(string(name)), ref[1:], scope, at, rest)
	}
	return p.follow(p.fresh(), ref[1:], scope, at, rest)
}

// rule is the value of a rule. The one that hands over what is under review has one entry.
func (p *prover) rule(path string) *term {
	switch path {
	case "data.stateward.lib.shape.judged", "data.stateward.lib.shape.entries":
		return p.literal(array, []*term{p.entry})
	}
	if value := p.constantOf(path); value != nil {
		return p.constant(value)
	}
	return p.made(term{kind: call, name: path})
}

// follow looks up keys one after the other; a variable without a value gets each key that there is.
func (p *prover) follow(base *term, keys []*ast.Term, scope *variables, at state, rest thenWith) bool {
	if len(keys) == 0 {
		return rest(base, scope, at)
	}
	if isPattern(keys[0], scope) {
		return p.each(base, at, func(key, value *term, at state) bool {
			return p.match(keys[0], key, scope, at, func(scope *variables, at state) bool {
				return p.follow(value, keys[1:], scope, at, rest)
			})
		})
	}
	return p.eval(keys[0], scope, at, func(key *term, scope *variables, at state) bool {
		value := p.get(base, key)
		if value == nil {
			return true
		}
		return p.follow(value, keys[1:], scope, at.withDefined(value), rest)
	})
}

// apply evaluates a call.
func (p *prover) apply(expr *ast.Expr, scope *variables, at state, rest then) bool {
	name, operands := expr.Operator().String(), expr.Operands()
	var output *ast.Term
	if p.hasOutput(expr) {
		operands, output = operands[:len(operands)-1], operands[len(operands)-1]
	}
	return p.evalAll(operands, scope, at, func(args []*term, scope *variables, at state) bool {
		if output == nil && isComparison(name) {
			return p.compare(name, args[0], args[1], scope, at, rest)
		}
		value := p.call(name, args)
		if value == nil {
			return true
		}
		at = at.withDefined(value)
		if p.waits(value) {
			at = at.withWaiting(value)
		}
		return p.isNew(name, args, scope, at, func(scope *variables, at state) bool {
			if output != nil {
				return p.match(output, value, scope, at, rest)
			}
			return p.holds(value, scope, at, rest)
		})
	})
}

func isComparison(name string) bool {
	return slices.Contains([]string{ast.NotEqual.Name, ast.LessThan.Name, ast.GreaterThan.Name, ast.LessThanEq.Name, ast.GreaterThanEq.Name, ast.Equal.Name}, name)
}

// isNew goes on where a violation is not of an existing problem: policies/lib/result.rego takes it for one if `touched` is false.
func (p *prover) isNew(name string, args []*term, scope *variables, at state, rest then) bool {
	if name != "data.stateward.lib.result.violation" || len(args) < 3 {
		return rest(scope, at)
	}
	touched := p.get(args[2], p.text("touched"))
	if touched == nil {
		return rest(scope, at)
	}
	return p.holds(touched, scope, at, rest)
}
