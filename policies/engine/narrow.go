package engine

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// narrowing knows which documents of a ruleSet an UPDATE can skip: those of rules that check the change of
// fields which it does not change.
type narrowing struct {
	// fields are all that some rule of the set checks a change of, and paths their keys.
	fields []string
	paths  [][]*ast.Term
	// reports and changes hold, for each document of the set, the indexes of its fields; nil for one that is always evaluated.
	reports, changes [][]int
}

// newNarrowing returns nil if every rule is always evaluated.
func newNarrowing(reports, changes []policies.Rule, kind requestKind) *narrowing {
	if kind.operation != policies.Update {
		return nil
	}
	made := &narrowing{}
	made.reports, made.changes = made.indexes(reports, kind.resource), made.indexes(changes, kind.resource)
	if len(made.fields) == 0 {
		return nil
	}
	return made
}

func (n *narrowing) indexes(rules []policies.Rule, resource string) (all [][]int) {
	for _, rule := range rules {
		var indexes []int
		for _, field := range rule.Changes[resource] {
			if !slices.Contains(n.fields, field) {
				n.fields, n.paths = append(n.fields, field), append(n.paths, pathOf(field))
			}
			indexes = append(indexes, slices.Index(n.fields, field))
		}
		all = append(all, indexes)
	}
	return all
}

// narrowed returns the set without the rules whose fields are the same in both versions of the object.
func (s *ruleSet) narrowed(input lazy.Value) *ruleSet {
	if s.narrowing == nil {
		return s
	}
	object, old := part(input, "object"), part(input, "oldObject")
	if object == nil || old == nil {
		return s
	}
	changed := make([]bool, len(s.narrowing.paths))
	for index, path := range s.narrowing.paths {
		changed[index] = differ(object, old, path)
	}
	return &ruleSet{
		reports: asked(s.reports, s.narrowing.reports, changed), changes: asked(s.changes, s.narrowing.changes, changed),
		whole: s,
	}
}

// asked returns the documents to evaluate if these fields have changed.
func asked(documents []string, fields [][]int, changed []bool) []string {
	asked := make([]string, 0, len(documents))
	for index, document := range documents {
		if fields[index] == nil || slices.ContainsFunc(fields[index], func(field int) bool { return changed[field] }) {
			asked = append(asked, document)
		}
	}
	return asked
}

// pathOf are the keys of a field such as spec.template.
func pathOf(field string) (path []*ast.Term) {
	for key := range strings.SplitSeq(field, ".") {
		path = append(path, ast.StringTerm(key))
	}
	return path
}

// differ compares a field of two versions. It is the same value, or the text of it, in what an update leaves alone.
func differ(object, old lazy.Value, path []*ast.Term) bool {
	for _, key := range path {
		if object == nil || old == nil {
			break
		}
		object, old = lazy.Get(object, key), lazy.Get(old, key)
	}
	if object == nil || old == nil {
		return object != nil || old != nil
	}
	return !lazy.Equal(object, old)
}
