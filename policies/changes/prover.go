package changes

import (
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// limit is how many expressions are evaluated for one definition of a rule. A proof takes a few thousand.
const limit = 10_000

// attempt is how many of them are spent before a function is looked into whose elements an evaluation needs.
const attempt = 5_000

// prover evaluates rules for an update whose two versions have the same values in some fields.
type prover struct {
	terms
	functions map[string]*function
	constants map[string]ast.Value
	// readings are the results of readsOfCall so far.
	readings map[string][]read
	// fields are the same in both versions, besides what identifies an object.
	fields            [][]string
	object, old, both *term
	entry             *term
	// steps are the expressions that were evaluated.
	steps, limit int
}

func newProver(functions map[string]*function, target Target) *prover {
	made := &prover{
		terms: terms{known: map[string]*term{}}, functions: functions, limit: limit,
		constants: map[string]ast.Value{}, readings: map[string][]read{},
		// An update never changes it.
		fields: [][]string{{"kind"}},
	}
	for _, field := range target.Fields {
		made.fields = append(made.fields, strings.Split(field, "."))
	}
	made.object, made.old, made.both = made.version("object"), made.version("old"), made.version("both")
	made.entry = made.entryOf(target)
	return made
}

func (p *prover) version(name string) *term {
	return p.intern(term{kind: symbol, name: name, versions: true})
}

// entryOf is the request as rules see it; policies/lib/shape.rego describes it.
func (p *prover) entryOf(target Target) *term {
	resource, subresource, _ := strings.Cut(target.Resource, "/")
	fields := map[string]*term{
		"operation": p.text("UPDATE"), "resource": p.text(resource), "subresource": p.text(subresource),
		"object": p.object, "old": p.old,
	}
	if target.Kind != "" {
		fields["group"], fields["kind"] = p.text(target.Group), p.text(target.Kind)
	}
	for _, name := range []string{"group", "kind", "namespace", "name", "options", "user", "time", "planned", "dry_run"} {
		if fields[name] == nil {
			fields[name] = p.symbol("entry." + name)
		}
	}
	var pairs []*term
	for _, name := range sortedKeys(fields) {
		pairs = append(pairs, p.text(name), fields[name])
	}
	return p.literal(object, pairs)
}

// made is a term whose arguments are replaced by what both versions have in common, as far as it depends on that alone.
func (p *prover) made(made term) *term {
	made.args = slices.Clone(made.args)
	for index, arg := range made.args {
		root, path := p.pathOf(arg)
		if root != p.object && root != p.old {
			continue
		}
		if within(p.fields, path, p.reads(&made, index)) {
			made.args[index] = p.below(p.both, path)
		}
	}
	return p.intern(made)
}

// pathOf is where a term is in a version of the object; root is nil for other terms.
func (p *prover) pathOf(of *term) (root *term, path []string) {
	for of.kind == field {
		key, ok := of.args[1].value.(ast.String)
		if of.args[1].kind != constant || !ok {
			return nil, nil
		}
		path = append(path, string(key))
		of = of.args[0]
	}
	slices.Reverse(path)
	return of, path
}

func (p *prover) below(root *term, path []string) *term {
	for _, key := range path {
		root = p.intern(term{kind: field, args: []*term{root, p.text(key)}})
	}
	return root
}

// get is a field of a term: nil if it has none.
func (p *prover) get(base, key *term) *term {
	if value, known := p.lookUp(base, key); known {
		return value
	}
	if base.kind == call && key.kind == constant {
		if value, known := p.getOfCall(base, key); known {
			return value
		}
	}
	made := p.intern(term{kind: field, args: []*term{base, key}})
	root, path := p.pathOf(made)
	if root != p.object && root != p.old || !covers(p.fields, path) {
		return made
	}
	if kind, _ := p.lookUp(p.entry, p.text("kind")); slices.Equal(path, []string{"kind"}) && kind.kind == constant {
		return kind
	}
	return p.below(p.both, path)
}

// getOfCall is a field of an object that others were merged into, or from which fields were removed.
func (p *prover) getOfCall(base, key *term) (value *term, known bool) {
	switch base.name {
	case ast.ObjectUnion.Name:
		first, isFirst := p.lookUp(base.args[0], key)
		second, isSecond := p.lookUp(base.args[1], key)
		switch {
		case isSecond && second == nil:
			return p.get(base.args[0], key), true
		case isFirst && first == nil:
			return p.get(base.args[1], key), true
		case isSecond && second.kind == constant && !isObject(second.value):
			return second, true
		}
	case ast.ObjectRemove.Name:
		pairs, ok := p.elementsOf(base.args[1])
		if !ok || slices.ContainsFunc(pairs, func(each *term) bool { return each.kind != constant }) {
			return nil, false
		}
		for pair := range slices.Chunk(pairs, 2) {
			if pair[1] == key {
				return nil, true
			}
		}
		return p.get(base.args[0], key), true
	}
	return nil, false
}

func isObject(value ast.Value) bool {
	_, ok := value.(ast.Object)
	return ok
}

// known values of calls replace them.
func (p *prover) resolve(of *term, at state) (resolved *term, defined bool) {
	if len(at.values) == 0 {
		return of, true
	}
	return p.resolved(of, at, map[*term]*term{})
}

func (p *prover) resolved(of *term, at state, done map[*term]*term) (*term, bool) {
	if known, ok := done[of]; ok {
		return known, known != nil
	}
	// A value that is made of its own call stays as it is.
	done[of] = of
	made, args := of, make([]*term, len(of.args))
	for index, arg := range of.args {
		value, defined := p.resolved(arg, at, done)
		if !defined {
			done[of] = nil
			return nil, false
		}
		args[index] = value
	}
	if !slices.Equal(args, of.args) {
		made = p.rebuilt(of, args)
	}
	if made != nil {
		if value := at.values[made]; value != nil && value != made {
			made, _ = p.resolved(value, at, done)
		}
	}
	done[of] = made
	return made, made != nil
}

// withValue notes what a call returns, also for the calls that others turn out to be with it.
func (p *prover) withValue(at state, of, value *term) state {
	values := maps.Clone(at.values)
	if values == nil {
		values = map[*term]*term{}
	}
	values[of] = value
	known := at.values
	at.values = values
	for called, returned := range known {
		if same := p.withArgs(called, at); same != nil && values[same] == nil {
			values[same] = returned
		}
	}
	return at
}

// withArgs is a call with the arguments that it turns out to have; nil if there is no such call.
func (p *prover) withArgs(called *term, at state) *term {
	args := make([]*term, len(called.args))
	for index, arg := range called.args {
		value, defined := p.resolve(arg, at)
		if !defined {
			return nil
		}
		args[index] = value
	}
	return p.rebuilt(called, args)
}

func (p *prover) rebuilt(of *term, args []*term) *term {
	switch of.kind {
	case field:
		return p.get(args[0], args[1])
	case call:
		return p.call(of.name, args)
	case comprehension:
		return p.made(term{kind: comprehension, name: of.name, args: args, code: of.code})
	default:
		return p.literal(of.kind, args)
	}
}

// call is what a function or a built-in function returns: nil for nothing.
func (p *prover) call(name string, args []*term) *term {
	if p.functions[name] == nil {
		if value, known := p.builtin(name, args); known {
			return value
		}
	}
	return p.made(term{kind: call, name: name, args: args})
}
