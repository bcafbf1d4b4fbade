package engine

import (
	"slices"
	"sync"

	"github.com/stateward/stateward/policies"
)

// ruleSet is the documents of the rules, and of the mutations, that apply to a kind of request: to evaluate a rule that has
// nothing to say costs nearly as much as one that reports something.
type ruleSet struct{ reports, changes []string }

func (s *ruleSet) empty() bool { return len(s.reports)+len(s.changes) == 0 }

// requestKind decides which rules apply to a request. There are as many as the rules' metadata name.
type requestKind struct {
	door Door
	// resource and operation are those of Review.subject.
	resource, operation string
	manifest, untyped   bool
}

// kind is computed once for a request.
func (r Review) kind() requestKind {
	resource, operation := r.subject()
	return requestKind{
		door: r.Door, resource: resource, operation: operation,
		manifest: r.Operation == "", untyped: r.untyped(),
	}
}

// ruleSets are those of the kinds of requests that came so far.
type ruleSets struct {
	mutex sync.RWMutex
	known map[requestKind]*ruleSet
}

// rules returns the set for a kind of request. An empty one is not kept: those kinds have no limit.
func (e *Engine) rules(kind requestKind) *ruleSet {
	e.sets.mutex.RLock()
	known, ok := e.sets.known[kind]
	e.sets.mutex.RUnlock()
	if ok {
		return known
	}
	made := e.newRuleSet(kind)
	if made.empty() {
		return made
	}
	e.sets.mutex.Lock()
	defer e.sets.mutex.Unlock()
	// Of two that were made at a time the first is kept, so that there is one evaluation of each kind.
	if known, ok := e.sets.known[kind]; ok {
		return known
	}
	e.sets.known[kind] = made
	return made
}

func (e *Engine) newRuleSet(kind requestKind) *ruleSet {
	// At the mutating door rules have notices.
	report := "report"
	if kind.door == MutatingDoor {
		report = "notice"
	}
	return &ruleSet{
		reports: e.documents(e.library.Rules, kind, report),
		changes: e.documents(e.library.Mutations, kind, "report"),
	}
}

// documents are what the rules that apply define.
func (e *Engine) documents(rules []policies.Rule, kind requestKind, name string) (paths []string) {
	for _, rule := range rules {
		if e.applies(rule, kind) {
			paths = append(paths, rule.Package+"."+name)
		}
	}
	return paths
}

// applies reports whether a rule or mutation in force applies to a kind of request. In a manifest and in an audit nothing
// changes, so what waits for a change of metadata does not count there.
func (e *Engine) applies(rule policies.Rule, kind requestKind) bool {
	changesNothing := kind.manifest || kind.operation == policies.Inspect
	if e.off[rule.ID] || rule.Untyped && !kind.untyped || !rule.Judges(kind.resource, kind.operation) || changesNothing && rule.When[kind.resource] != "" {
		return false
	}
	if rule.Kind == policies.Mutating {
		return kind.door != ValidatingDoor && kind.operation != policies.Inspect
	}
	return kind.door != MutatingDoor || rule.Notices
}

// Judges reports whether a rule or mutation in force applies to this review at its door.
func (e *Engine) Judges(review Review) bool {
	kind := review.kind()
	applies := func(rule policies.Rule) bool { return e.applies(rule, kind) }
	return slices.ContainsFunc(e.library.Rules, applies) || slices.ContainsFunc(e.library.Mutations, applies)
}
