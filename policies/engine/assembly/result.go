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
	entry lazy.Value
	found lazy.Value
	items fields
	// field, what and fix are parts of the message.
	field, what, fix string
}

// fields are those of a finding so far, by the keys of an Assembly. They are a lazy.Value, for Level to read.
type fields []lazy.Item

// Get returns the value at a key of the Assembly.
func (f fields) Get(key *ast.Term) (lazy.Value, error) {
	for _, each := range f {
		if each.Key == key {
			return each.Value, nil
		}
	}
	return nil, nil
}

// Force returns an object of all fields, nil where one of them is undefined.
func (f fields) Force() (*ast.Term, error) {
	terms := make([][2]*ast.Term, 0, len(f))
	for _, each := range f {
		whole, err := lazy.Force(each.Value)
		if err != nil || whole == nil {
			return nil, err
		}
		terms = append(terms, ast.Item(each.Key, whole))
	}
	return ast.ObjectTerm(terms...), nil
}

func (a *Assembly) add(d *draft, key string, value lazy.Value) {
	d.items = append(d.items, lazy.Item{Key: a.keys[key], Value: value})
}

// violation is result.violation.
func (a *Assembly) violation(call Calls, args []lazy.Value) (lazy.Value, bool) {
	d, ok := a.begin(call, args)
	if !ok {
		return nil, false
	}
	existing, ok := a.isExisting(d)
	if !ok {
		return nil, false
	}
	a.add(d, "existing", truth(existing))
	stated := a.get(d.found, "confirm")
	if stated == nil {
		stated = a.get(d.rule.custom, "confirm")
	}
	confirmable, ok := boolean(stated)
	if !ok {
		return nil, false
	}
	if !confirmable {
		a.add(d, "confirmed", truth(false))
		return a.end(d)
	}
	if !a.confirm(call, d) {
		return nil, false
	}
	return a.end(d)
}

// advice is result.advice.
func (a *Assembly) advice(call Calls, args []lazy.Value) (lazy.Value, bool) {
	d, ok := a.begin(call, args)
	if !ok {
		return nil, false
	}
	a.add(d, "advice", truth(true))
	return a.end(d)
}

// mutation is result.mutation.
func (a *Assembly) mutation(call Calls, args []lazy.Value) (lazy.Value, bool) {
	d, ok := a.begin(call, args)
	if !ok {
		return nil, false
	}
	patch, silent := a.get(d.found, "patch"), a.get(d.found, "silent")
	if patch == nil {
		return nil, false
	}
	if silent == nil {
		silent = truth(false)
	}
	a.add(d, "patch", patch)
	a.add(d, "silent", silent)
	return a.end(d)
}

// begin is result._finding, without the way out, which may grow.
func (a *Assembly) begin(call Calls, args []lazy.Value) (*draft, bool) {
	chain, entry, found := args[0], args[1], args[2]
	rule, ok := a.ruleOf(chain)
	if !ok {
		return nil, false
	}
	d := &draft{rule: rule, entry: entry, found: found, items: make(fields, 0, 20)}
	return d, a.describe(d) && a.grade(d) && a.name(d) && a.limit(call, d)
}

// describe adds the text and the field.
func (a *Assembly) describe(d *draft) bool {
	path, what := a.get(d.found, "path"), a.get(d.found, "what")
	if path == nil {
		return false
	}
	var isField, isText, hasFix bool
	d.field, isField = fieldOf(path)
	d.what, isText = lazy.String(what)
	general := a.get(d.rule.custom, "fix")
	fix := a.get(d.found, "fix")
	if fix == nil {
		fix = general
	}
	d.fix, hasFix = lazy.String(fix)
	d.fix += "."
	a.add(d, "path", path)
	a.add(d, "field", lazy.Text(d.field))
	a.add(d, "what", what)
	if others := a.get(d.found, "others"); holds(others) {
		a.add(d, "others", others)
	}
	return isField && isText && hasFix && general != nil
}

// grade adds what its level follows from.
func (a *Assembly) grade(d *draft) bool {
	severity := a.get(d.found, "severity")
	profile := lazy.Of(ast.InternedEmptyObject)
	if !holds(severity) {
		if stated := a.get(d.rule.custom, "profile"); stated != nil {
			profile = stated
		}
	}
	if severity == nil {
		severity = a.get(d.rule.custom, "severity")
	}
	if severity == nil {
		severity = lazy.Text(string(policies.Warn))
	}
	a.add(d, "rule", lazy.Text(d.rule.names[0]))
	a.add(d, "severity", severity)
	a.add(d, "profile", profile)
	if aliases := a.get(d.rule.custom, "aliases"); holds(aliases) {
		a.add(d, "aliases", aliases)
	}
	return true
}

// name adds the object.
func (a *Assembly) name(d *draft) bool {
	about := make([][2]*ast.Term, 0, 3)
	for _, key := range []string{"kind", "namespace", "name"} {
		value, ok := a.get(d.entry, key).(*lazy.Known)
		if !ok {
			return false
		}
		about = append(about, ast.Item(a.keys[key], (*ast.Term)(value)))
	}
	a.add(d, "object", lazy.Of(ast.ObjectTerm(about...)))
	return true
}

// limit adds what the Guardrails select, except, and set for who acts.
func (a *Assembly) limit(call Calls, d *draft) bool {
	if a.settings.byActor {
		set := call(result+"_actor", namesValue(d.rule.names), d.entry)
		if set == nil {
			return false
		}
		fields, _ := lazy.Fields(set)
		d.items = append(d.items, fields...)
	}
	scoped := holds(a.get(d.found, "scoped"))
	if scoped = scoped || !a.settings.mayMiss(d.rule.names); scoped && !a.settings.excepts {
		return true
	}
	called := namesValue(d.rule.names)
	if !scoped && holds(call(scope+"outside", called, d.entry)) {
		a.add(d, "outside", truth(true))
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

func namesValue(names []string) lazy.Value {
	terms := make([]*ast.Term, 0, len(names))
	for _, name := range names {
		terms = append(terms, ast.StringTerm(name))
	}
	return lazy.Of(ast.ArrayTerm(terms...))
}

// confirm adds the way to confirm it, and whether that was done: result._fix and result._confirmation of what can be confirmed.
func (a *Assembly) confirm(call Calls, d *draft) bool {
	dataLoss := a.get(d.rule.custom, "dataLoss")
	if dataLoss == nil {
		dataLoss = truth(false)
	}
	names := namesValue(d.rule.names)
	asked := lazy.Object(
		lazy.Item{Key: a.keys["id"], Value: lazy.Text(d.rule.names[0])},
		lazy.Item{Key: a.keys["names"], Value: names},
		lazy.Item{Key: a.keys["data_loss"], Value: dataLoss},
	)
	if holds(call(confirmation+"possible", d.entry)) {
		way, ok := lazy.String(call(confirmation+"way", d.entry, asked))
		if !ok {
			return false
		}
		d.fix = strings.TrimSuffix(d.fix, ".") + ", or " + way
	}
	if holds(call(confirmation+"valid", d.entry, asked)) {
		record := call(confirmation+"record", d.entry)
		a.add(d, "confirmation", record)
		a.add(d, "confirmed", truth(true))
		return record != nil
	}
	// Confirmations are read from the API server, so only if they matter.
	level, ok := a.Level(d.items)
	if !ok {
		return false
	}
	var covered lazy.Value
	if level == policies.Deny {
		covered = call(confirmation+"covered", d.entry, names)
	}
	if covered != nil {
		a.add(d, "confirmation", covered)
	}
	a.add(d, "confirmed", truth(covered != nil))
	return true
}

// isExisting is result._existing.
func (a *Assembly) isExisting(d *draft) (existing, ok bool) {
	if operation, _ := lazy.String(a.get(d.entry, "operation")); operation != "UPDATE" {
		return false, true
	}
	old := a.get(d.entry, "old")
	if !lazy.IsObject(old) {
		return false, true
	}
	if touched := a.get(d.found, "touched"); touched != nil {
		_, ok := boolean(touched)
		return !holds(touched), ok
	}
	object := a.get(d.entry, "object")
	if !lazy.IsObject(object) {
		return false, false
	}
	paths := []lazy.Value{a.get(d.found, "path")}
	if fields := a.get(d.found, "fields"); fields != nil {
		if paths, ok = elements(fields); !ok {
			return false, false
		}
	}
	for _, path := range paths {
		steps, isPath := stepsOf(path)
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
func follow(value lazy.Value, path *ast.Array) lazy.Value {
	for index := 0; index < path.Len() && value != nil; index++ {
		value = at(value, path.Elem(index))
	}
	return value
}

// same compares what may be missing, which is as good as null.
func same(a, b lazy.Value) bool {
	if a == nil {
		a = lazy.Of(ast.InternedNullTerm)
	}
	if b == nil {
		b = lazy.Of(ast.InternedNullTerm)
	}
	return lazy.Equal(a, b)
}

// end adds the message.
func (a *Assembly) end(d *draft) (lazy.Value, bool) {
	a.add(d, "fix", lazy.Text(d.fix))
	place := ""
	if d.field != "" {
		place = d.field + ": "
	}
	a.add(d, "msg", lazy.Text("["+d.rule.names[0]+"] "+place+d.what+". Fix: "+d.fix))
	whole, err := d.items.Force()
	return lazy.Of(whole), err == nil && whole != nil
}

func truth(value bool) lazy.Value { return lazy.Of(ast.InternedTerm(value)) }
