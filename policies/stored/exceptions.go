package stored

import (
	"encoding/json"
	"slices"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// UnusedExceptions are the indexes of the exceptions that no finding is under; used are the others. An exception for subjects, or
// from a rule that only checks changes, is not among them: its use cannot be seen in what is stored. Nor is one for
// namespaces that were not all audited; none of them named means all.
func UnusedExceptions(decider *engine.Engine, used map[engine.ExceptionUse]bool, namespaces map[string]bool) []int {
	unused := []int{}
	guardrails := decider.Guardrails()
	if guardrails == nil {
		return unused
	}
	for index, exception := range guardrails.Spec.Exceptions {
		use := engine.ExceptionUse{Reason: exception.Reason, Owner: exception.Owner, Expires: exception.Expires}
		if isVisible(decider.Library(), exception, namespaces) && !used[use] {
			unused = append(unused, index)
		}
	}
	return unused
}

// Unused is the list for the rules about Guardrails.
func Unused(unused []int) json.RawMessage {
	// A list of numbers is always valid JSON.
	encoded, _ := json.Marshal(map[string][]int{"unusedExceptions": unused})
	return encoded
}

func isVisible(library *policies.Library, exception v1alpha1.Exception, namespaces map[string]bool) bool {
	match := exception.Match
	if len(match.Subjects)+len(match.Actors)+len(match.ExcludedActors) > 0 {
		return false
	}
	covered := len(namespaces) == 0 || len(match.Namespaces) > 0 && !slices.ContainsFunc(match.Namespaces, func(name string) bool { return !namespaces[name] })
	return covered && !slices.ContainsFunc(exception.Rules, func(id string) bool {
		return !slices.ContainsFunc(library.Rules, func(rule policies.Rule) bool { return rule.Called(id) && evaluatesStored(rule) })
	})
}

// evaluatesStored reports whether an audit asks the rule about any object.
func evaluatesStored(rule policies.Rule) bool {
	for resource := range rule.On {
		if !rule.Untyped && rule.When[resource] == "" && rule.AppliesTo(resource, policies.Inspect) {
			return true
		}
	}
	return false
}
