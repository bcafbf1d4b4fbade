package vap

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// limits say what of all requests a rule is about, as Guardrails have it.
type limits struct {
	conditions []admissionregistrationv1.MatchCondition
	resources  *admissionregistrationv1.MatchResources
}

// What CEL finds of a request: a Namespace counts as in itself.
const (
	namespaceOf = "(request.kind.kind == 'Namespace' ? request.name : request.namespace)"
	nameOf      = "(object != null && request.kind.kind != 'Scale' ? object.metadata.name : oldObject.metadata.name)"
)

func limitsOf(rule policies.Rule, options Options) (found limits, err error) {
	if options.Guardrails == nil {
		return limits{}, nil
	}
	spec := options.Guardrails.Spec
	matches := []located{{spec.Match, "spec.match"}}
	for index, setting := range spec.Rules {
		if rule.Called(setting.ID) {
			matches = append(matches, located{setting.Match, fmt.Sprintf("spec.rules[%d].match", index)})
		}
	}
	for _, match := range matches {
		if match.Match == nil {
			continue
		}
		found.add(match, spec)
	}
	var problems []error
	for index, exception := range spec.Exceptions {
		place := fmt.Sprintf("spec.exceptions[%d]", index)
		if !slices.ContainsFunc(exception.Rules, rule.Called) || expired(exception, options.Now) {
			continue
		}
		if exception.Match.NamespaceSelector != nil || exception.Match.LabelSelector != nil {
			problems = append(problems, fmt.Errorf(
				"%s.match: a policy cannot leave out what a selector selects for rule %s: name namespaces and names, or set the rule to warn", place, rule.ID))
			continue
		}
		found.conditions = append(found.conditions, admissionregistrationv1.MatchCondition{
			Name: fmt.Sprintf("exception-%d", index), Expression: "!(" + strings.Join(patterns(exception.Match, spec), " && ") + ")",
		})
	}
	return found, errors.Join(problems...)
}

// located is a Match with its place in the Guardrails.
type located struct {
	*v1alpha1.Match
	place string
}

func expired(exception v1alpha1.Exception, now time.Time) bool {
	expires, err := time.Parse(time.RFC3339, exception.Expires)
	return err == nil && !now.Before(expires)
}

// add narrows the limits by a match: patterns become conditions, selectors go into the binding.
func (l *limits) add(match located, spec v1alpha1.GuardrailsSpec) {
	if conditions := patterns(*match.Match, spec); len(conditions) > 0 {
		l.conditions = append(l.conditions, admissionregistrationv1.MatchCondition{
			Name: strings.NewReplacer("[", "-", "]", "").Replace(match.place), Expression: strings.Join(conditions, " && "),
		})
	}
	if match.NamespaceSelector == nil && match.LabelSelector == nil {
		return
	}
	if l.resources == nil {
		l.resources = &admissionregistrationv1.MatchResources{}
	}
	l.resources.NamespaceSelector = both(l.resources.NamespaceSelector, match.NamespaceSelector)
	l.resources.ObjectSelector = both(l.resources.ObjectSelector, match.LabelSelector)
}

// both selects what one and the other select.
func both(one, other *metav1.LabelSelector) *metav1.LabelSelector {
	if one == nil || other == nil {
		if one == nil {
			return other
		}
		return one
	}
	together := one.DeepCopy()
	together.MatchExpressions = append(together.MatchExpressions, other.MatchExpressions...)
	for key, value := range other.MatchLabels {
		together.MatchExpressions = append(together.MatchExpressions, metav1.LabelSelectorRequirement{
			Key: key, Operator: metav1.LabelSelectorOpIn, Values: []string{value},
		})
	}
	slices.SortStableFunc(together.MatchExpressions, func(a, b metav1.LabelSelectorRequirement) int { return strings.Compare(a.Key, b.Key) })
	return together
}

// patterns are conditions that all hold for what a match selects by names.
func patterns(match v1alpha1.Match, spec v1alpha1.GuardrailsSpec) (conditions []string) {
	if len(match.Namespaces) > 0 {
		conditions = append(conditions, fits(namespaceOf, match.Namespaces))
	}
	if len(match.ExcludedNamespaces) > 0 {
		conditions = append(conditions, "!"+fits(namespaceOf, match.ExcludedNamespaces))
	}
	if len(match.Names) > 0 {
		conditions = append(conditions, fits(nameOf, match.Names))
	}
	if subjects := slices.Concat(match.Subjects, spec.SubjectsOf(match.Actors)); len(subjects) > 0 {
		conditions = append(conditions, sentBy(subjects))
	}
	if excluded := spec.SubjectsOf(match.ExcludedActors); len(excluded) > 0 {
		conditions = append(conditions, "!"+sentBy(excluded))
	}
	if match.OwnedBy != nil {
		conditions = append(conditions, ownedBy(*match.OwnedBy))
	}
	return conditions
}

// sentBy is true where one of the subjects sends the request.
func sentBy(subjects []v1alpha1.Subject) string {
	var alternatives []string
	for _, subject := range subjects {
		switch subject.Kind {
		case v1alpha1.SubjectGroup:
			alternatives = append(alternatives,
				"request.userInfo.?groups.orValue([]).exists(group, "+fits("group", []string{subject.Name})+")")
		case v1alpha1.SubjectServiceAccount:
			account := "system:serviceaccount:" + subject.Namespace + ":" + subject.Name
			alternatives = append(alternatives, fits("request.userInfo.username", []string{account}))
		default:
			alternatives = append(alternatives, fits("request.userInfo.username", []string{subject.Name}))
		}
	}
	return "(" + strings.Join(alternatives, " || ") + ")"
}

// ownedBy is true where the controller of the stored object is of one of these kinds.
func ownedBy(owner v1alpha1.Owner) string {
	var kinds []string
	for _, kind := range owner.Kinds {
		kinds = append(kinds, strconv.Quote(kind))
	}
	return "(oldObject == null ? object : oldObject).metadata.?ownerReferences.orValue([]).exists(owner, " +
		"owner.?controller.orValue(false) && owner.kind in [" + strings.Join(kinds, ", ") + "] && " +
		"owner.apiVersion.startsWith(" + strconv.Quote(owner.Group+"/") + "))"
}

func fits(value string, patterns []string) string {
	var alternatives []string
	for _, pattern := range patterns {
		alternatives = append(alternatives, strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*"))
	}
	return fmt.Sprintf("%s.matches(%s)", value, strconv.Quote("^("+strings.Join(alternatives, "|")+")$"))
}
