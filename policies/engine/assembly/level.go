package assembly

import (
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// level is config.level.
func (a *Assembly) level(_ Calls, args []lazy.Value) (lazy.Value, bool) {
	level, ok := a.Level(args[0])
	if !ok {
		return nil, false
	}
	return lazy.Text(string(level)), true
}

// Level returns the level of a finding; ok is false if Rego must decide.
func (a *Assembly) Level(finding lazy.Value) (level policies.Level, ok bool) {
	if holds(a.get(finding, "outside")) {
		return policies.Off, true
	}
	action, ok := a.actionOf(finding)
	if !ok {
		return "", false
	}
	exception, channel := a.get(finding, "exception"), a.get(finding, "channel")
	softened := holds(a.get(finding, "advice")) || holds(exception) || holds(a.get(finding, "existing")) || holds(a.get(finding, "confirmed"))
	switch {
	case action != policies.Off && holds(a.get(exception, "dated")):
		return policies.Audit, true
	case holds(channel) && (action == policies.Warn || action == policies.Deny && softened):
		return levelOf(channel)
	case action == policies.Deny && softened:
		return policies.Warn, true
	default:
		return action, true
	}
}

// Told returns the level of a mutation's change, as router.mutations_with_levels does: Off for a change that is not made.
func (a *Assembly) Told(change lazy.Value) (level policies.Level, ok bool) {
	level, ok = a.Level(change)
	channel := a.get(change, "channel")
	switch {
	case !ok || level == policies.Off:
		return level, ok
	case holds(a.get(change, "exception")):
		return policies.Off, true
	case holds(a.get(change, "silent")):
		return policies.Audit, true
	case holds(channel):
		return levelOf(channel)
	default:
		return policies.Warn, true
	}
}

// levelOf is a value as a level.
func levelOf(value lazy.Value) (policies.Level, bool) {
	level, ok := lazy.String(value)
	return policies.Level(level), ok
}

// actionOf returns the setting for the finding's rule, or the default of its metadata.
func (a *Assembly) actionOf(finding lazy.Value) (policies.Level, bool) {
	if action := a.get(finding, "action"); holds(action) {
		return levelOf(action)
	}
	called, ok := a.calledOf(finding)
	if !ok {
		return "", false
	}
	if action := a.settings.action(called); action != nil {
		return levelOf(action)
	}
	if profile := a.get(finding, "profile"); profile != nil {
		if action := at(profile, a.settings.profile); holds(action) {
			return levelOf(action)
		}
	}
	return levelOf(a.get(finding, "severity"))
}

// calledOf are the names of the finding's rule.
func (a *Assembly) calledOf(finding lazy.Value) ([]string, bool) {
	id, ok := lazy.String(a.get(finding, "rule"))
	if !ok {
		return nil, false
	}
	called := []string{id}
	aliases := a.get(finding, "aliases")
	if aliases == nil {
		return called, true
	}
	names, isArray := lazy.Elements(aliases)
	for _, each := range names {
		name, isText := lazy.String(each)
		if !isText {
			return nil, false
		}
		called = append(called, name)
	}
	return called, isArray
}
