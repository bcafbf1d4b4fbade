package assembly

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// The levels that findings end at.
const (
	deny  = "deny"
	warn  = "warn"
	audit = "audit"
	off   = "off"
)

// level is config.level.
func (a *Assembly) level(_ Calls, args []*ast.Term) (*ast.Term, bool) {
	level, ok := a.Level(args[0])
	if !ok {
		return nil, false
	}
	return ast.StringTerm(level), true
}

// Level is what becomes of a finding; ok is false where that is for Rego to say.
func (a *Assembly) Level(finding *ast.Term) (level string, ok bool) {
	if holds(a.get(finding, "outside")) {
		return off, true
	}
	action, ok := a.actionOf(finding)
	if !ok {
		return "", false
	}
	exception, channel := a.get(finding, "exception"), a.get(finding, "channel")
	softened := holds(a.get(finding, "advice")) || holds(exception) || holds(a.get(finding, "existing")) || holds(a.get(finding, "confirmed"))
	switch {
	case action != off && holds(a.get(exception, "dated")):
		return audit, true
	case holds(channel) && (action == warn || action == deny && softened):
		return text(channel)
	case action == deny && softened:
		return warn, true
	default:
		return action, true
	}
}

// Channel is where a change is told of in the place of a warning; "" where nothing is set.
func (a *Assembly) Channel(finding *ast.Term) (channel string, ok bool) {
	set := a.get(finding, "channel")
	if !holds(set) {
		return "", true
	}
	return text(set)
}

// actionOf is what is set for the finding's rule, or what its metadata say.
func (a *Assembly) actionOf(finding *ast.Term) (string, bool) {
	if action := a.get(finding, "action"); holds(action) {
		return text(action)
	}
	called, ok := a.calledOf(finding)
	if !ok {
		return "", false
	}
	if action := a.settings.action(called); action != nil {
		return text(action)
	}
	if profile := a.get(finding, "profile"); profile != nil {
		if action := at(profile.Value, a.settings.profile); holds(action) {
			return text(action)
		}
	}
	return text(a.get(finding, "severity"))
}

// calledOf are the names of the finding's rule.
func (a *Assembly) calledOf(finding *ast.Term) ([]string, bool) {
	id, ok := text(a.get(finding, "rule"))
	if !ok {
		return nil, false
	}
	called := []string{id}
	aliases := a.get(finding, "aliases")
	if aliases == nil {
		return called, true
	}
	names, isArray := lazy.Elements(aliases.Value)
	for _, each := range names {
		name, isText := text(each)
		if !isText {
			return nil, false
		}
		called = append(called, name)
	}
	return called, isArray
}
