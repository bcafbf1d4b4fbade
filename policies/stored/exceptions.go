package stored

import (
	"encoding/json"
	"path"
	"slices"
	"time"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// Audited is what an audit has seen of the use of exceptions.
type Audited struct {
	// Used are the indexes of exceptions that findings are under.
	Used map[int]bool
	// Namespaces are those that were audited; none means all.
	Namespaces map[string]bool
	// Undecided are the rules that could not look up all that they read: an object may need an exception from them.
	Undecided []engine.Undecided
	Now       time.Time
}

// ExceptionsOf are the indexes of the exceptions that a finding is under, none where no exception lets it through. A finding names the
// reason, the owner and the end of its exception, which several may have in common: the rule and the object narrow them down.
func ExceptionsOf(decider *engine.Engine, finding engine.Finding) (indexes []int) {
	guardrails := decider.Guardrails()
	if finding.Exception == nil || guardrails == nil {
		return nil
	}
	rule, known := decider.Library().Rule(finding.Rule)
	var near []int
	for index, each := range guardrails.Spec.Exceptions {
		if *finding.Exception != (engine.ExceptionUse{Reason: each.Reason, Owner: each.Owner, Expires: each.Expires}) ||
			known && !slices.ContainsFunc(each.Rules, rule.Called) {
			continue
		}
		near = append(near, index)
		if mayMatch(each.Match, finding.Object) {
			indexes = append(indexes, index)
		}
	}
	if len(indexes) == 0 {
		// The rule has matched another object than the finding is about.
		return near
	}
	return indexes
}

// mayMatch reports whether the patterns match an object; labels are not known here.
func mayMatch(match v1alpha1.Match, object engine.ObjectReference) bool {
	namespace := object.Namespace
	if object.Kind == "Namespace" {
		namespace = object.Name
	}
	return matchesAny(match.Namespaces, namespace) && matchesAny(match.Names, object.Name)
}

// matchesAny reports whether a pattern matches the name; none of them matches every name.
func matchesAny(patterns []string, name string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(pattern string) bool {
		// Names hold no slash, so * matches any of them. The patterns of valid Guardrails have no other special character.
		matched, err := path.Match(pattern, name)
		return matched || err != nil
	})
}

// UnusedExceptions are the indexes of the exceptions that no finding is under. An exception for subjects, or from a rule that only
// checks changes, is not among them: its use cannot be seen in what is stored. Nor is one for namespaces that were not all
// audited, one from a rule that could not look up what it reads, or one that has ended, which lets nothing through any more.
func UnusedExceptions(decider *engine.Engine, audited Audited) []int {
	unused := []int{}
	guardrails := decider.Guardrails()
	if guardrails == nil {
		return unused
	}
	for index, exception := range guardrails.Spec.Exceptions {
		if !audited.Used[index] && !hasEnded(exception, audited.Now) && isVisible(decider.Library(), exception, audited) {
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

func hasEnded(exception v1alpha1.Exception, now time.Time) bool {
	// The end of valid Guardrails is a time.
	end, err := time.Parse(time.RFC3339, exception.Expires)
	return err == nil && !now.Before(end)
}

func isVisible(library *policies.Library, exception v1alpha1.Exception, audited Audited) bool {
	match, namespaces := exception.Match, audited.Namespaces
	if len(match.Subjects)+len(match.Actors)+len(match.ExcludedActors) > 0 {
		return false
	}
	covered := len(namespaces) == 0 || len(match.Namespaces) > 0 && !slices.ContainsFunc(match.Namespaces, func(name string) bool { return !namespaces[name] })
	return covered && !slices.ContainsFunc(exception.Rules, func(id string) bool {
		return !slices.ContainsFunc(library.Rules, func(rule policies.Rule) bool {
			return rule.Called(id) && evaluatesStored(rule) && !isUndecided(rule, audited.Undecided)
		})
	})
}

// isUndecided reports whether the rule could not look up something. What a cluster may lack hides no finding where it is not known.
func isUndecided(rule policies.Rule, undecided []engine.Undecided) bool {
	return slices.ContainsFunc(undecided, func(each engine.Undecided) bool {
		resource, _ := policies.LookupResource(each.Resource)
		return each.Rule == rule.ID && !resource.Optional
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
