package assembly

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// settings are what of the Guardrails every finding asks for.
type settings struct {
	profile *ast.Term
	rules   []setting
	// matches and excepts say that a review may be out of scope, or let through by an exception; byActor that
	// something is set for single actors.
	matches, excepts, byActor bool
}

// setting is what is set for a rule; nil for what is not.
type setting struct {
	id             string
	action, params *ast.Term
	matches        bool
}

func settingsOf(guardrails ast.Value) settings {
	made := settings{profile: ast.StringTerm("baseline")}
	if kind, ok := lazy.Find(guardrails, "kind").(ast.String); !ok || kind != "Guardrails" {
		return made
	}
	spec := lazy.Find(guardrails, "spec")
	if profile := lazy.Find(spec, "profile"); profile != nil {
		made.profile = ast.NewTerm(profile)
	}
	made.matches = lazy.Find(spec, "match") != nil
	made.excepts = lazy.Find(spec, "exceptions") != nil
	made.byActor = lazy.Find(spec, "advice") != nil
	rules, _ := lazy.Elements(lazy.Find(spec, "rules"))
	for _, rule := range rules {
		id, _ := lazy.Find(rule.Value, "id").(ast.String)
		made.rules = append(made.rules, setting{
			id:      string(id),
			action:  lazy.Term(lazy.Forced(lazy.Find(rule.Value, "action"))),
			params:  lazy.Term(lazy.Forced(lazy.Find(rule.Value, "params"))),
			matches: lazy.Find(rule.Value, "match") != nil,
		})
		made.byActor = made.byActor || lazy.Find(rule.Value, "actions") != nil
	}
	return made
}

// action is what is set for the rule of these names, nil for nothing.
func (s *settings) action(called []string) *ast.Term {
	for index := range s.rules {
		if rule := &s.rules[index]; rule.action != nil && slices.Contains(called, rule.id) {
			return rule.action
		}
	}
	return nil
}

// params are those that are set for the rule of these names, nil for none.
func (s *settings) params(called []string) *ast.Term {
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
