package changes

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

// view is what a state says once the values of calls are filled in.
type view struct {
	at state
	// resolved are the terms that were filled in.
	resolved map[*term]*term
	defined  map[*term]bool
	truths   map[*term]bool
	members  []member
	unequal  []fact
	order    *order
}

// contradicts reports whether what holds in a state cannot hold together.
func (p *prover) contradicts(at state) bool {
	seen, possible := p.view(at)
	if !possible || seen.order.contradicts(seen.unequal) {
		return true
	}
	for _, denied := range at.denials {
		if p.proveBody(denied.body, denied.scope, seen, func(*variables) bool { return true }) {
			return true
		}
	}
	return false
}

// view returns false for a state that is not possible: something is undefined or false in it.
func (p *prover) view(at state) (made *view, possible bool) {
	made = &view{at: at, resolved: map[*term]*term{}, defined: map[*term]bool{}, truths: map[*term]bool{}, order: newOrder()}
	for _, value := range at.defined {
		resolved, defined := made.resolve(p, value)
		if !defined {
			return nil, false
		}
		made.define(resolved)
	}
	facts := at.facts
	for _, value := range at.truths {
		resolved, defined := made.resolve(p, value)
		if !defined || resolved.kind == constant && resolved.value.Compare(ast.Boolean(false)) == 0 {
			return nil, false
		}
		made.truths[resolved] = true
		made.define(resolved)
		if resolved.kind == call && isComparison(resolved.name) {
			facts = added(facts, fact{operator: resolved.name, left: resolved.args[0], right: resolved.args[1]})
		}
	}
	for _, each := range facts {
		if !made.note(p, each) {
			return nil, false
		}
	}
	for _, each := range at.members {
		made.member(p, each)
	}
	made.order.close()
	return made, true
}

func (v *view) resolve(p *prover, of *term) (resolved *term, defined bool) {
	return p.resolved(of, v.at, v.resolved)
}

// define notes a term with all that it was made of.
func (v *view) define(of *term) {
	if v.defined[of] {
		return
	}
	v.defined[of] = true
	for _, arg := range of.args {
		v.define(arg)
	}
}

func (v *view) note(p *prover, each fact) (possible bool) {
	left, isLeft := v.resolve(p, each.left)
	right, isRight := v.resolve(p, each.right)
	if !isLeft || !isRight {
		return false
	}
	v.define(left)
	v.define(right)
	switch each.operator {
	case ast.NotEqual.Name:
		v.unequal = append(v.unequal, fact{operator: each.operator, left: left, right: right})
		v.order.node(left)
		v.order.node(right)
	case ast.LessThan.Name:
		v.order.less(left, right, true)
	case ast.GreaterThan.Name:
		v.order.less(right, left, true)
	case ast.LessThanEq.Name:
		v.order.less(left, right, false)
	case ast.GreaterThanEq.Name:
		v.order.less(right, left, false)
	default:
		v.order.less(left, right, false)
		v.order.less(right, left, false)
	}
	return true
}

func (v *view) member(p *prover, each member) {
	collection, isCollection := v.resolve(p, each.collection)
	value, isValue := v.resolve(p, each.value)
	if isCollection && isValue {
		v.members = append(v.members, member{collection: collection, key: each.key, value: value})
	}
}

// relation is how two terms compare for certain.
type relation int

const (
	unknown relation = iota
	lessOrEqual
	lessThan
)

// order holds what is known of the order of terms, which is total in Rego.
type order struct {
	nodes   map[*term]int
	terms   []*term
	related [][]relation
}

func newOrder() *order { return &order{nodes: map[*term]int{}} }

func (o *order) node(of *term) int {
	if index, ok := o.nodes[of]; ok {
		return index
	}
	index := len(o.terms)
	o.nodes[of] = index
	o.terms = append(o.terms, of)
	for row := range o.related {
		o.related[row] = append(o.related[row], unknown)
	}
	o.related = append(o.related, make([]relation, index+1))
	o.related[index][index] = lessOrEqual
	return index
}

func (o *order) less(left, right *term, strict bool) {
	from, to := o.node(left), o.node(right)
	related := lessOrEqual
	if strict {
		related = lessThan
	}
	o.related[from][to] = max(o.related[from][to], related)
}

// close adds what follows from the constants, and from one relation after another.
func (o *order) close() {
	for _, left := range o.terms {
		for _, right := range o.terms {
			if left.kind == constant && right.kind == constant {
				if order := left.value.Compare(right.value); order <= 0 {
					o.less(left, right, order < 0)
				}
			}
		}
	}
	for middle := range o.terms {
		for from := range o.terms {
			if o.related[from][middle] == unknown {
				continue
			}
			for to := range o.terms {
				if o.related[middle][to] != unknown {
					o.related[from][to] = max(o.related[from][to], o.related[from][middle], o.related[middle][to])
				}
			}
		}
	}
}

func (o *order) contradicts(unequal []fact) bool {
	for index := range o.terms {
		if o.related[index][index] == lessThan {
			return true
		}
	}
	for _, each := range unequal {
		if o.equal(each.left, each.right) {
			return true
		}
	}
	return false
}

func (o *order) relation(left, right *term) relation {
	from, isLeft := o.nodes[left]
	to, isRight := o.nodes[right]
	if !isLeft || !isRight {
		return unknown
	}
	return o.related[from][to]
}

func (o *order) equal(left, right *term) bool {
	return left == right || o.relation(left, right) != unknown && o.relation(right, left) != unknown
}
