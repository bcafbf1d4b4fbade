package assembly

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// settings are the parts of the Guardrails that every finding needs.
type settings struct {
	profile *ast.Term
	rules   []setting
	// matches and excepts say that a review may be out of scope, or let through by an exception; byActor that
	// something is set for single actors.
	matches, excepts, byActor bool
}

// setting holds the settings of a rule; nil for those that are not set.
type setting struct {
	id             string
	action, params lazy.Value
	matches        bool
}

func settingsOf(guardrails lazy.Value) settings {
	made := settings{profile: ast.StringTerm("baseline")}
	if kind, ok := lazy.String(lazy.Find(guardrails, "kind")); !ok || kind != "Guardrails" {
		return made
	}
	spec := lazy.Find(guardrails, "spec")
	if profile, ok := lazy.String(lazy.Find(spec, "profile")); ok {
		made.profile = ast.StringTerm(profile)
	}
	made.matches = lazy.Find(spec, "match") != nil
	made.excepts = lazy.Find(spec, "exceptions") != nil
	made.byActor = lazy.Find(spec, "advice") != nil
	rules, _ := lazy.Elements(lazy.Find(spec, "rules"))
	for _, rule := range rules {
		id, _ := lazy.String(lazy.Find(rule, "id"))
		made.rules = append(made.rules, setting{
			id:      id,
			action:  lazy.Find(rule, "action"),
			params:  lazy.Find(rule, "params"),
			matches: lazy.Find(rule, "match") != nil,
		})
		made.byActor = made.byActor || lazy.Find(rule, "actions") != nil
	}
	return made
}

// action returns the setting for the rule of these names, or nil.
func (s *settings) action(called []string) lazy.Value {
	for index := range s.rules {
		if rule := &s.rules[index]; rule.action != nil && slices.Contains(called, rule.id) {
			return rule.action
		}
	}
	return nil
}

// params are those that are set for the rule of these names, nil for none.
func (s *settings) params(called []string) lazy.Value {
	for index := range s.rules {
		if rule := &s.rules[index]; rule.params != nil && slices.Contains(called, rule.id) {
			return rule.params
		}
	}
	return nil
}

// mayMiss reports whether a review may be out of the scope of the rule of these names.
func (s *settings) mayMiss(called []string) bool {
	return s.matches || slices.ContainsFunc(s.rules, func(rule setting) bool { return rule.matches && slices.Contains(called, rule.id) })
}
