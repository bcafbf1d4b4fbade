package engine

import (
	"slices"
	"sync"

	"github.com/stateward/stateward/policies"
)

// ruleSet is the documents of the rules, and of the mutations, that apply to a kind of request: to evaluate a rule that has
// nothing to say costs nearly as much as one that reports something.
type ruleSet struct {
	reports, changes []string
	// narrowing is nil if every document is always evaluated, and whole is the set that contains this one.
	narrowing *narrowing
	whole     *ruleSet
}

func (s *ruleSet) empty() bool { return len(s.reports)+len(s.changes) == 0 }

// ruleSets are those of the kinds of requests that came so far.
type ruleSets struct {
	library *policies.Library
	// off are rules whose findings are not reported.
	off map[string]bool
	// on are the rules and mutations about a resource: most manifests are of resources that none is about.
	on map[string][]*policies.Rule

	mutex sync.RWMutex
	known map[requestKind]*ruleSet
}

func newRuleSets(library *policies.Library, off map[string]bool) *ruleSets {
	sets := &ruleSets{library: library, off: off, on: map[string][]*policies.Rule{}, known: map[requestKind]*ruleSet{}}
	for _, rules := range [][]policies.Rule{library.Rules, library.Mutations} {
		for index := range rules {
			for resource := range rules[index].On {
				sets.on[resource] = append(sets.on[resource], &rules[index])
			}
		}
	}
	return sets
}

// of returns the set for a kind of request. An empty one is not kept: those kinds have no limit.
func (s *ruleSets) of(kind requestKind) *ruleSet {
	s.mutex.RLock()
	known, ok := s.known[kind]
	s.mutex.RUnlock()
	if ok {
		return known
	}
	made := s.newRuleSet(kind)
	if made.empty() {
		return made
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	// Of two that were made at the same time the first is kept, so that each kind has one.
	if known, ok := s.known[kind]; ok {
		return known
	}
	s.known[kind] = made
	return made
}

func (s *ruleSets) newRuleSet(kind requestKind) *ruleSet {
	// At the mutating phase rules have notices.
	report := "report"
	if kind.phase == MutatingPhase {
		report = "notice"
	}
	silent := func(rule policies.Rule) bool { return !s.applies(rule, kind) }
	rules := slices.DeleteFunc(slices.Clone(s.library.Rules), silent)
	mutations := slices.DeleteFunc(slices.Clone(s.library.Mutations), silent)
	return &ruleSet{
		reports: documents(rules, report), changes: documents(mutations, "report"),
		narrowing: newNarrowing(rules, mutations, kind),
	}
}

// documents are what rules define.
func documents(rules []policies.Rule, name string) (paths []string) {
	for _, rule := range rules {
		paths = append(paths, rule.Package+"."+name)
	}
	return paths
}

// applies reports whether a rule or mutation in force applies to a kind of request. In a manifest and in an audit nothing
// changes, so what waits for a change of metadata does not count there.
func (s *ruleSets) applies(rule policies.Rule, kind requestKind) bool {
	changesNothing := kind.manifest || kind.operation == policies.Inspect
	if s.off[rule.ID] || rule.Untyped && !kind.untyped || !rule.AppliesTo(kind.resource, kind.operation) || changesNothing && rule.When[kind.resource] != "" {
		return false
	}
	if rule.Kind == policies.Mutating {
		return kind.phase != ValidatingPhase && kind.operation != policies.Inspect
	}
	return kind.phase != MutatingPhase || rule.Notices
}

// apply reports whether a rule or mutation in force applies to a kind of request.
func (s *ruleSets) apply(kind requestKind) bool {
	return slices.ContainsFunc(s.on[kind.resource], func(rule *policies.Rule) bool { return s.applies(*rule, kind) })
}

// undecided lists the rules that check such a request and read a resource that was looked for and is not known.
func (s *ruleSets) undecided(kind requestKind, unknown map[string]bool) (undecided []Undecided) {
	if len(unknown) == 0 {
		return nil
	}
	for _, rule := range s.on[kind.resource] {
		if rule.Kind == policies.Mutating || !rule.AppliesTo(kind.resource, kind.operation) || s.off[rule.ID] {
			continue
		}
		for _, read := range rule.Reads {
			if unknown[read] {
				undecided = append(undecided, Undecided{Rule: rule.ID, Resource: read})
			}
		}
	}
	return undecided
}
