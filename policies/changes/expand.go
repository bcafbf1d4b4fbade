package changes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Names of what waits besides calls of functions.
const (
	filled = "a collection with an element"
	least  = "min"
	most   = "max"
)

// closed reports whether what holds cannot hold together, looking into the functions that were called if necessary: first into
// one that leaves the fewest ways to go on.
func (p *prover) closed(at state) bool {
	if p.steps++; p.steps > p.limit {
		return false
	}
	if p.contradicts(at) {
		return true
	}
	ways, found := p.fewestWays(&at)
	if !found {
		return false
	}
	for _, way := range ways {
		way.waiting = added(at.waiting, way.waiting...)
		if !p.closed(way) {
			return false
		}
	}
	return true
}

// soonClosed is closed within a few steps.
func (p *prover) soonClosed(at state) bool {
	limit := p.limit
	defer func() { p.limit = limit }()
	p.limit = min(limit, p.steps+attempt)
	return p.closed(at)
}

// fewestWays removes a call from those that wait, and returns the states that it may lead to; found is false where no call waits.
func (p *prover) fewestWays(at *state) (fewest []state, found bool) {
	var waiting []*term
	chosen, least := -1, 0
	compared := p.termsCompared(*at)
	for _, called := range at.waiting {
		next, defined := p.resolve(called, *at)
		if !defined {
			return nil, true
		}
		if next.name != filled && !p.waits(next) || at.values[next] != nil {
			continue
		}
		waiting = append(waiting, next)
		if found && len(fewest) <= 1 {
			continue
		}
		ways := p.waysOf(next, *at)
		if cost := costOf(next, len(ways), compared); !found || cost < least {
			fewest, found, chosen, least = ways, true, len(waiting)-1, cost
		}
	}
	at.waiting = waiting
	if found {
		at.waiting = slices.Delete(waiting, chosen, chosen+1)
	}
	return fewest, found
}

// costOf orders calls: those that leave one way, those whose values are compared, the others, and elements of collections.
func costOf(called *term, ways int, compared map[*term]bool) int {
	switch {
	case ways <= 1:
		return ways
	case called.name == filled:
		return 2000 + ways
	case compared[called]:
		return ways
	default:
		return 1000 + ways
	}
}

// termsCompared are those of comparisons, with what they are made of.
func (p *prover) termsCompared(at state) map[*term]bool {
	seen := &view{defined: map[*term]bool{}}
	for _, each := range at.facts {
		for _, side := range []*term{each.left, each.right} {
			if resolved, defined := p.resolve(side, at); defined {
				seen.define(resolved)
			}
		}
	}
	return seen.defined
}

// waysOf are the states that a call may lead to, as far as they are possible.
func (p *prover) waysOf(called *term, at state) (ways []state) {
	at.waiting = nil
	add := func(at state) bool {
		if !p.contradicts(at) {
			ways = append(ways, at)
		}
		return true
	}
	switch called.name {
	case filled:
		// A string has a length too.
		if called.args[0].kind == constant {
			return []state{at}
		}
		p.each(called.args[0], at, func(_, _ *term, at state) bool { return add(at) })
	case least, most:
		p.extreme(called, at, add)
	default:
		p.definitions(called, at, func(value *term, at state) bool { return add(p.withValue(at, called, value)) })
	}
	return ways
}

// extreme goes on for each element that may be the least or the greatest.
func (p *prover) extreme(of *term, at state, rest func(at state) bool) {
	for _, element := range of.args[0].args {
		chosen := p.withValue(at, of, element)
		for _, other := range of.args[0].args {
			left, right := element, other
			if of.name == most {
				left, right = other, element
			}
			chosen.facts = added(chosen.facts, fact{operator: ast.LessThanEq.Name, left: left, right: right})
		}
		rest(chosen)
	}
}

// waits reports whether it may help to look into a call later.
func (p *prover) waits(called *term) bool {
	if called.kind != call || !called.versions {
		return false
	}
	if called.name == least || called.name == most {
		return called.args[0].kind == array
	}
	function := p.functions[called.name]
	if function == nil || function.opaque || function.partial {
		return false
	}
	// These only write the message.
	return !strings.HasPrefix(called.name, "data.stateward.lib.result.") || called.name == "data.stateward.lib.result.at"
}

// filledBy returns the collection that has an element if a comparison holds, nil for none.
func (p *prover) filledBy(operator string, left, right *term) *term {
	counted := left.kind == call && left.name == ast.Count.Name
	if !counted || right.kind != constant || right.value.Compare(ast.Number("0")) < 0 {
		return nil
	}
	if _, isNumber := right.value.(ast.Number); isNumber && operator == ast.GreaterThan.Name || operator == ast.NotEqual.Name && right.value.Compare(ast.Number("0")) == 0 {
		return left.args[0]
	}
	return nil
}

// definitions goes on for each value that a function may return.
func (p *prover) definitions(called *term, at state, rest func(value *term, at state) bool) bool {
	function := p.functions[called.name]
	if function.opaque || function.partial {
		return rest(called, at)
	}
	others := at
	for _, rule := range function.rules {
		before := at
		for branch := rule; branch != nil; branch = branch.Else {
			if !p.definition(rule.Head.Args, branch, called, before, rest) {
				return false
			}
			body, scope := p.denied(rule.Head.Args, branch.Body, called)
			before, others = before.withDenial(body, scope), others.withDenial(body, scope)
		}
	}
	if function.fallback == nil {
		return true
	}
	return p.definition(function.fallback.Head.Args, function.fallback, called, others, rest)
}

func (p *prover) definition(args ast.Args, rule *ast.Rule, called *term, at state, rest func(value *term, at state) bool) bool {
	if p.steps++; p.steps > p.limit {
		return false
	}
	return p.matchArgs(args, called.args, nil, at, func(scope *variables, at state) bool {
		return p.body(rule.Body, scope, at, func(scope *variables, at state) bool {
			if rule.Head.Value == nil {
				return rest(p.boolean(true), at)
			}
			return p.eval(rule.Head.Value, scope, at, func(value *term, _ *variables, at state) bool { return rest(value, at) })
		})
	})
}

func (p *prover) matchArgs(patterns []*ast.Term, args []*term, scope *variables, at state, rest then) bool {
	if len(patterns) == 0 || len(args) == 0 {
		return rest(scope, at)
	}
	return p.match(patterns[0], args[0], scope, at, func(scope *variables, at state) bool {
		return p.matchArgs(patterns[1:], args[1:], scope, at, rest)
	})
}

// denied is the body of a definition that does not apply, the patterns of its arguments included.
func (p *prover) denied(patterns []*ast.Term, body ast.Body, called *term) (ast.Body, *variables) {
	var scope *variables
	var denied ast.Body
	for index, pattern := range patterns {
		argument := ast.Var(fmt.Sprintf("argument#%d", index))
		scope = scope.with(argument, called.args[index])
		denied = append(denied, ast.Equality.Expr(pattern, ast.NewTerm(argument)))
	}
	return append(denied, body...), scope
}

// each goes on for each element that a collection may have.
func (p *prover) each(collection *term, at state, rest func(key, value *term, at state) bool) bool {
	if p.steps++; p.steps > p.limit {
		return false
	}
	collection, defined := p.resolve(collection, at)
	if !defined {
		return true
	}
	if pairs, ok := p.elementsOf(collection); ok && len(pairs) < 100 {
		for pair := range slices.Chunk(pairs, 2) {
			if !rest(pair[0], pair[1], at) {
				return false
			}
		}
		return true
	}
	switch {
	case collection.kind == comprehension:
		return p.eachOfCode(collection, at, rest)
	case collection.kind == call && p.functions[collection.name] != nil:
		return p.eachOfRule(collection, at, rest)
	}
	if parts := p.parts(collection); parts != nil {
		for _, part := range parts {
			if !p.each(part, at, func(_, value *term, at state) bool { return rest(p.fresh(), value, at) }) {
				return false
			}
		}
		return true
	}
	return p.eachOfUnknown(collection, at, rest)
}

func (p *prover) eachOfUnknown(collection *term, at state, rest func(key, value *term, at state) bool) bool {
	key := p.fresh()
	value := p.get(collection, key)
	at.members = added(at.members, member{collection: collection, key: key, value: value})
	return rest(key, value, at.withDefined(value))
}

// scopeOf has the arguments of a comprehension.
func (p *prover) scopeOf(of *term) (scope *variables) {
	for index, arg := range of.args {
		scope = scope.with(capturedVar(index), arg)
	}
	return scope
}

func (p *prover) eachOfCode(of *term, at state, rest func(key, value *term, at state) bool) bool {
	body, key, value := partsOfCode(of.code)
	return p.body(body, p.scopeOf(of), at, func(scope *variables, at state) bool {
		return p.eval(value, scope, at, func(value *term, scope *variables, at state) bool {
			if key == nil {
				return rest(p.keyOf(of, value), value, at)
			}
			return p.eval(key, scope, at, func(key *term, _ *variables, at state) bool { return rest(key, value, at) })
		})
	})
}

// keyOf is the key of an element: in a set it is the element itself.
func (p *prover) keyOf(of, value *term) *term {
	if _, isSet := of.code.(*ast.SetComprehension); isSet {
		return value
	}
	return p.fresh()
}

func partsOfCode(code ast.Value) (body ast.Body, key, value *ast.Term) {
	switch code := code.(type) {
	case *ast.ArrayComprehension:
		return code.Body, nil, code.Term
	case *ast.SetComprehension:
		return code.Body, nil, code.Term
	case *ast.ObjectComprehension:
		return code.Body, code.Key, code.Value
	default:
		return nil, nil, nil
	}
}

func (p *prover) eachOfRule(of *term, at state, rest func(key, value *term, at state) bool) bool {
	function := p.functions[of.name]
	if function.opaque {
		return p.eachOfUnknown(of, at, rest)
	}
	// What is known already may be enough.
	if len(of.args) > 0 && p.soonClosed(at) {
		return true
	}
	if !function.partial {
		return p.definitions(of, at, func(value *term, at state) bool {
			return p.each(value, p.withValue(at, of, value), rest)
		})
	}
	for _, rule := range function.rules {
		refuted := p.body(rule.Body, nil, at, func(scope *variables, at state) bool {
			return p.eval(rule.Head.Key, scope, at, func(value *term, _ *variables, at state) bool { return rest(value, value, at) })
		})
		if !refuted {
			return false
		}
	}
	return true
}

// parts are collections that have all elements of the result of a built-in function; nil where that is not known.
func (p *prover) parts(of *term) []*term {
	if of.kind != call {
		return nil
	}
	switch of.name {
	case ast.ArrayConcat.Name, ast.Or.Name:
		return of.args
	case ast.ArrayReverse.Name, ast.ArraySlice.Name, ast.Sort.Name, ast.And.Name, ast.Minus.Name:
		return of.args[:1]
	default:
		return nil
	}
}
