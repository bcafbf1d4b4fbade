package v1alpha1

import (
	"path"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
)

// everybody is a group that every user is in who has logged in.
const everybody = "system:authenticated"

// NothingEnforced returns why no request can be denied with these Guardrails, or "". It finds what follows from the
// Guardrails alone: that a pattern fits no object of this cluster is another matter.
func (g *Guardrails) NothingEnforced(library *policies.Library) string {
	if g == nil {
		return ""
	}
	if why := g.Spec.selectsNothing(g.Spec.Match); why != "" {
		return "spec.match selects nothing: " + why
	}
	denying := slices.DeleteFunc(slices.Clone(library.Rules), func(rule policies.Rule) bool { return !g.denies(rule) })
	if len(denying) == 0 {
		return "no rule has the action deny"
	}
	if !slices.ContainsFunc(denying, g.selectsForRule) {
		return "the match of each rule with the action deny selects nothing"
	}
	return ""
}

// denies reports whether the rule denies anything to anyone.
func (g *Guardrails) denies(rule policies.Rule) bool {
	for _, setting := range g.Spec.Rules {
		for _, level := range setting.Actions {
			if rule.Called(setting.ID) && level == policies.Deny {
				return true
			}
		}
	}
	return g.Level(rule) == policies.Deny
}

// selectsForRule reports whether the rule's own match may select something.
func (g *Guardrails) selectsForRule(rule policies.Rule) bool {
	for _, setting := range g.Spec.Rules {
		if rule.Called(setting.ID) && g.Spec.selectsNothing(setting.Match) != "" {
			return false
		}
	}
	return true
}

// selectsNothing returns why a match selects no object, or "".
func (s GuardrailsSpec) selectsNothing(match *Match) string {
	switch {
	case match == nil:
		return ""
	case slices.ContainsFunc(match.ExcludedNamespaces, isAll):
		return "excludedNamespaces excludes every namespace"
	case len(match.Namespaces) > 0 && !slices.ContainsFunc(match.Namespaces, func(name string) bool { return !within(name, match.ExcludedNamespaces) }):
		return "excludedNamespaces excludes all of namespaces"
	case slices.ContainsFunc(s.SubjectsOf(match.ExcludedActors), isEverybody):
		return "excludedActors excludes every user"
	case contradicts(match.LabelSelector):
		return "labelSelector contradicts itself"
	case contradicts(match.NamespaceSelector):
		return "namespaceSelector contradicts itself"
	default:
		return ""
	}
}

func isAll(pattern string) bool { return strings.Trim(pattern, "*") == "" }

// within reports whether all names of a pattern fit one of the others.
func within(pattern string, others []string) bool {
	return slices.ContainsFunc(others, func(other string) bool {
		// Patterns hold no slash and none of the other characters that path.Match treats as special.
		fits, err := path.Match(other, pattern)
		return err == nil && fits
	})
}

func isEverybody(subject Subject) bool {
	switch subject.Kind {
	case SubjectUser:
		return isAll(subject.Name)
	case SubjectGroup:
		return isAll(subject.Name) || subject.Name == everybody
	default:
		return false
	}
}

// contradicts reports whether no labels fit the selector.
func contradicts(selector *metav1.LabelSelector) bool {
	if selector == nil {
		return false
	}
	wanted := map[string]*values{}
	of := func(key string) *values {
		if wanted[key] == nil {
			wanted[key] = &values{}
		}
		return wanted[key]
	}
	for key, value := range selector.MatchLabels {
		of(key).only([]string{value})
	}
	for _, expression := range selector.MatchExpressions {
		of(expression.Key).add(expression)
	}
	for _, each := range wanted {
		if each.none() {
			return true
		}
	}
	return false
}

// values are those that a selector wants of one label.
//
// +kubebuilder:object:generate=false
type values struct {
	// one lists what the label may be, where limited.
	one              []string
	limited          bool
	not              []string
	exists, isAbsent bool
}

func (v *values) only(list []string) {
	if !v.limited {
		v.one, v.limited = slices.Clone(list), true
		return
	}
	v.one = slices.DeleteFunc(v.one, func(value string) bool { return !slices.Contains(list, value) })
}

func (v *values) add(expression metav1.LabelSelectorRequirement) {
	switch expression.Operator {
	case metav1.LabelSelectorOpIn:
		v.only(expression.Values)
	case metav1.LabelSelectorOpNotIn:
		v.not = append(v.not, expression.Values...)
	case metav1.LabelSelectorOpExists:
		v.exists = true
	case metav1.LabelSelectorOpDoesNotExist:
		v.isAbsent = true
	}
}

func (v *values) none() bool {
	if v.isAbsent && (v.exists || v.limited) {
		return true
	}
	return v.limited && !slices.ContainsFunc(v.one, func(value string) bool { return !slices.Contains(v.not, value) })
}
