package assembly

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// draft is a finding that is being put together.
type draft struct {
	rule  rule
	entry *ast.Term
	found *ast.Term
	items [][2]*ast.Term
	// field, what and fix are parts of the message.
	field, what, fix string
}

func (a *Assembly) add(d *draft, key string, value *ast.Term) {
	d.items = append(d.items, [2]*ast.Term{a.keys[key], value})
}

// violation is result.violation.
func (a *Assembly) violation(call Calls, args []*ast.Term) (*ast.Term, bool) {
	d, ok := a.begin(call, args)
	if !ok {
		return nil, false
	}
	existing, ok := a.isExisting(d)
	if !ok {
		return nil, false
	}
	a.add(d, "existing", ast.InternedTerm(existing))
	stated := a.get(d.found, "confirm")
	if stated == nil {
		stated = a.get(d.rule.custom, "confirm")
	}
	confirmable, ok := boolean(stated)
	if !ok {
		return nil, false
	}
	if !confirmable {
		a.add(d, "confirmed", ast.InternedTerm(false))
		return a.end(d)
	}
	if !a.confirm(call, d) {
		return nil, false
	}
	return a.end(d)
}

// advice is result.advice.
func (a *Assembly) advice(call Calls, args []*ast.Term) (*ast.Term, bool) {
	d, ok := a.begin(call, args)
	if !ok {
		return nil, false
	}
	a.add(d, "advice", ast.InternedTerm(true))
	return a.end(d)
}

// mutation is result.mutation.
func (a *Assembly) mutation(call Calls, args []*ast.Term) (*ast.Term, bool) {
	d, ok := a.begin(call, args)
	if !ok {
		return nil, false
	}
	patch, silent := a.get(d.found, "patch"), a.get(d.found, "silent")
	if patch == nil {
		return nil, false
	}
	if silent == nil {
		silent = ast.InternedTerm(false)
	}
	a.add(d, "patch", patch)
	a.add(d, "silent", silent)
	return a.end(d)
}

// begin is result._finding, without the way out, which may grow.
func (a *Assembly) begin(call Calls, args []*ast.Term) (*draft, bool) {
	chain, entry, found := args[0], args[1], args[2]
	rule, ok := a.ruleOf(chain)
	if !ok {
		return nil, false
	}
	d := &draft{rule: rule, entry: entry, found: found, items: make([][2]*ast.Term, 0, 20)}
	return d, a.describe(d) && a.grade(d) && a.name(d) && a.limit(call, d)
}

// describe adds what is wrong, and where.
func (a *Assembly) describe(d *draft) bool {
	path, what := a.get(d.found, "path"), a.get(d.found, "what")
	if path == nil {
		return false
	}
	var isField, isText, hasFix bool
	d.field, isField = fieldOf(path)
	d.what, isText = text(what)
	general := a.get(d.rule.custom, "fix")
	fix := a.get(d.found, "fix")
	if fix == nil {
		fix = general
	}
	d.fix, hasFix = text(fix)
	d.fix += "."
	a.add(d, "path", path)
	a.add(d, "field", ast.StringTerm(d.field))
	a.add(d, "what", what)
	if others := a.get(d.found, "others"); holds(others) {
		a.add(d, "others", others)
	}
	return isField && isText && hasFix && general != nil
}

// grade adds what its level follows from.
func (a *Assembly) grade(d *draft) bool {
	severity := a.get(d.found, "severity")
	profile := ast.InternedEmptyObject
	if !holds(severity) {
		if stated := a.get(d.rule.custom, "profile"); stated != nil {
			profile = stated
		}
	}
	if severity == nil {
		severity = a.get(d.rule.custom, "severity")
	}
	if severity == nil {
		severity = ast.StringTerm(string(policies.Warn))
	}
	a.add(d, "rule", ast.StringTerm(d.rule.names[0]))
	a.add(d, "severity", severity)
	a.add(d, "profile", profile)
	if aliases := a.get(d.rule.custom, "aliases"); holds(aliases) {
		a.add(d, "aliases", aliases)
	}
	return true
}

// name adds what object it is about.
func (a *Assembly) name(d *draft) bool {
	about := make([][2]*ast.Term, 0, 3)
	for _, key := range []string{"kind", "namespace", "name"} {
		value := a.get(d.entry, key)
		if value == nil || lazy.IsLazy(value) {
			return false
		}
		about = append(about, [2]*ast.Term{a.keys[key], value})
	}
	a.add(d, "object", ast.ObjectTerm(about...))
	return true
}

// limit adds what the Guardrails select, except, and set for who acts.
func (a *Assembly) limit(call Calls, d *draft) bool {
	if a.settings.byActor {
		set := call(result+"_actor", namesTerm(d.rule.names), d.entry)
		if set == nil {
			return false
		}
		fields, _ := lazy.Fields(set.Value)
		d.items = append(d.items, fields...)
	}
	scoped := holds(a.get(d.found, "scoped"))
	if scoped = scoped || !a.settings.mayMiss(d.rule.names); scoped && !a.settings.excepts {
		return true
	}
	called := namesTerm(d.rule.names)
	if !scoped && holds(call(scope+"outside", called, d.entry)) {
		a.add(d, "outside", ast.InternedTerm(true))
		return true
	}
	if !a.settings.excepts {
		return true
	}
	if exception := call(scope+"exception", called, d.entry); holds(exception) {
		a.add(d, "exception", exception)
	}
	return true
}

func namesTerm(names []string) *ast.Term {
	terms := make([]*ast.Term, 0, len(names))
	for _, name := range names {
		terms = append(terms, ast.StringTerm(name))
	}
	return ast.ArrayTerm(terms...)
}

// confirm adds the way to confirm it, and whether that was done: result._fix and result._confirmation of what can be confirmed.
func (a *Assembly) confirm(call Calls, d *draft) bool {
	dataLoss := a.get(d.rule.custom, "dataLoss")
	if dataLoss == nil {
		dataLoss = ast.InternedTerm(false)
	}
	names := namesTerm(d.rule.names)
	asked := ast.ObjectTerm(
		[2]*ast.Term{a.keys["id"], ast.StringTerm(d.rule.names[0])},
		[2]*ast.Term{a.keys["names"], names},
		[2]*ast.Term{a.keys["data_loss"], dataLoss},
	)
	if holds(call(confirmation+"possible", d.entry)) {
		way, ok := text(call(confirmation+"way", d.entry, asked))
		if !ok {
			return false
		}
		d.fix = strings.TrimSuffix(d.fix, ".") + ", or " + way
	}
	if holds(call(confirmation+"valid", d.entry, asked)) {
		record := call(confirmation+"record", d.entry)
		a.add(d, "confirmation", record)
		a.add(d, "confirmed", ast.InternedTerm(true))
		return record != nil
	}
	// Confirmations are looked up at the API server, so only where it matters.
	level, ok := a.Level(ast.ObjectTerm(d.items...))
	if !ok {
		return false
	}
	var covered *ast.Term
	if level == policies.Deny {
		covered = call(confirmation+"covered", d.entry, names)
	}
	if covered != nil {
		a.add(d, "confirmation", covered)
	}
	a.add(d, "confirmed", ast.InternedTerm(covered != nil))
	return true
}

// isExisting is result._existing.
func (a *Assembly) isExisting(d *draft) (existing, ok bool) {
	if operation, _ := text(a.get(d.entry, "operation")); operation != "UPDATE" {
		return false, true
	}
	old := a.get(d.entry, "old")
	if old == nil || !lazy.IsObject(old.Value) {
		return false, true
	}
	if touched := a.get(d.found, "touched"); touched != nil {
		_, ok := boolean(touched)
		return !holds(touched), ok
	}
	object := a.get(d.entry, "object")
	if object == nil || !lazy.IsObject(object.Value) {
		return false, false
	}
	paths := []*ast.Term{a.get(d.found, "path")}
	if fields := a.get(d.found, "fields"); fields != nil {
		if paths, ok = elements(fields); !ok {
			return false, false
		}
	}
	for _, path := range paths {
		steps, isPath := path.Value.(*ast.Array)
		if !isPath {
			return false, false
		}
		if !same(follow(object, steps), follow(old, steps)) {
			return false, true
		}
	}
	return true, true
}

// follow is object.get with a path.
func follow(value *ast.Term, path *ast.Array) *ast.Term {
	for index := 0; index < path.Len() && value != nil; index++ {
		value = at(value.Value, path.Elem(index))
	}
	return value
}

// same compares what may be missing, which is as good as null.
func same(a, b *ast.Term) bool {
	if a == nil {
		a = ast.InternedNullTerm
	}
	if b == nil {
		b = ast.InternedNullTerm
	}
	return a == b || lazy.Equal(a.Value, b.Value)
}

// end adds the message. A lazy value in it is for Rego.
func (a *Assembly) end(d *draft) (*ast.Term, bool) {
	a.add(d, "fix", ast.StringTerm(d.fix))
	place := ""
	if d.field != "" {
		place = d.field + ": "
	}
	a.add(d, "msg", ast.StringTerm("["+d.rule.names[0]+"] "+place+d.what+". Fix: "+d.fix))
	for index := range d.items {
		whole, err := lazy.ForceTerm(d.items[index][1])
		if err != nil || whole == nil {
			return nil, false
		}
		d.items[index][1] = whole
	}
	return ast.ObjectTerm(d.items...), true
}
