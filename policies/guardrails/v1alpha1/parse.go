package v1alpha1

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/fieldpath"
	"github.com/stateward/stateward/policies/spelling"
)

// ParseGuardrails reads Guardrails from JSON, puts in what they include, and checks them against the library. Each mistake is
// a *FieldError in the joined error.
func ParseGuardrails(raw []byte, library *policies.Library) (*Guardrails, error) {
	guardrails := &Guardrails{}
	unknown, err := kjson.UnmarshalStrict(raw, guardrails)
	var mistyped *json.UnmarshalTypeError
	if errors.As(err, &mistyped) {
		return nil, allMistakes(raw, mistyped, library)
	}
	if err := errors.Join(append(fieldErrors(unknown...), fieldErrors(err)...)...); err != nil {
		return nil, err
	}
	if err := errors.Join(guardrails.include(library), guardrails.Check(library)); err != nil {
		return nil, err
	}
	return guardrails, nil
}

// fieldErrors gives what the decoder says of a field the field's path.
func fieldErrors(errs ...error) (located []error) {
	for _, err := range errs {
		var strict kjson.FieldError
		switch {
		case err == nil:
		case errors.As(err, &strict):
			path := fieldpath.Parse(strict.FieldPath())
			strict.SetFieldPath(lastKey(path))
			located = append(located, &FieldError{Path: path, Err: strict})
		default:
			located = append(located, err)
		}
	}
	return located
}

// mistakes collects what is wrong, each at its field.
//
// +kubebuilder:object:generate=false
type mistakes []error

func (m *mistakes) add(err error, path ...any) {
	if err != nil {
		*m = append(*m, &FieldError{Path: slices.Clone(path), Err: err})
	}
}

// Check says what is wrong, each mistake as a *FieldError in the joined error.
func (g *Guardrails) Check(library *policies.Library) error {
	var found mistakes
	if g.APIVersion != GuardrailsAPIVersion {
		found.add(fmt.Errorf("%q is not %s", g.APIVersion, GuardrailsAPIVersion), "apiVersion")
	}
	if g.Kind != GuardrailsKind {
		found.add(fmt.Errorf("%q is not %s", g.Kind, GuardrailsKind), "kind")
	}
	if g.Spec.Profile != "" && !slices.Contains(policies.Profiles(), g.Spec.Profile) {
		found.add(fmt.Errorf("unknown profile %q: use one of %v", g.Spec.Profile, policies.Profiles()), "spec", "profile")
	}
	g.Spec.Match.check(&found, "spec", "match")
	seen := map[string]int{}
	for index, setting := range g.Spec.Rules {
		id := setting.ID
		if rule, known := library.Rule(id); known {
			id = rule.ID
		}
		if first, again := seen[id]; again {
			found.add(fmt.Errorf("rule %q is already set in rules[%d]", setting.ID, first), "spec", "rules", index, "id")
		}
		seen[id] = index
		setting.check(library, &found, "spec", "rules", index)
	}
	for index, exception := range g.Spec.Exceptions {
		exception.check(library, &found, "spec", "exceptions", index)
	}
	g.Spec.checkActors(&found)
	g.Spec.checkGroups(&found)
	g.Spec.checkParents(&found)
	g.Spec.Forecast.check(&found, "spec", "forecast")
	g.Spec.DecisionLog.check(&found, "spec", "decisionLog")
	return errors.Join(found...)
}

func checkLevel(level policies.Level) error {
	if !slices.Contains(policies.Levels(), level) {
		return fmt.Errorf("unknown action %q: use one of %v", level, policies.Levels())
	}
	return nil
}

func (s RuleSetting) check(library *policies.Library, found *mistakes, path ...any) {
	rule, known := library.Rule(s.ID)
	if !known && policies.IsCheckRule(s.ID) {
		s.checkOnly(found, path...)
		return
	}
	if !known {
		found.add(UnknownRule(s.ID, library), append(path, "id")...)
		return
	}
	if s.Action != "" {
		found.add(checkLevel(s.Action), append(path, "action")...)
	}
	s.Match.check(found, append(path, "match")...)
	for name, value := range s.Params {
		found.add(checkParam(rule, name, value), append(path, "params", name)...)
	}
}

// checkOnly allows an action for a rule that no webhook applies, and nothing else.
func (s RuleSetting) checkOnly(found *mistakes, path ...any) {
	if s.Action != "" {
		found.add(checkLevel(s.Action), append(path, "action")...)
	}
	if s.Match != nil || len(s.Params) > 0 || len(s.Actions) > 0 {
		found.add(fmt.Errorf("rule %s is applied by `stateward check` alone: only its action can be set", s.ID), append(path, "id")...)
	}
}

func (e Exception) check(library *policies.Library, found *mistakes, path ...any) {
	if len(e.Rules) == 0 {
		found.add(errors.New("name at least one rule; to exempt namespaces from all rules, use `spec.match.excludedNamespaces`"), append(path, "rules")...)
	}
	for index, id := range e.Rules {
		if policies.IsCheckRule(id) {
			found.add(fmt.Errorf("rule %s is applied by `stateward check` alone and has no exceptions: set its action in spec.rules, "+
				"or ignore it in a manifest with --allow-annotations", id), append(path, "rules", index)...)
			continue
		}
		if _, known := library.Rule(id); !known {
			found.add(UnknownRule(id, library), append(path, "rules", index)...)
		}
	}
	e.Match.check(found, append(path, "match")...)
	if !e.Match.empty() && !e.Match.positive() {
		found.add(errors.New("must select something: set namespaces, names, namespaceSelector, labelSelector, subjects, actors or ownedBy"), append(path, "match")...)
	}
	if e.Reason == "" {
		found.add(errors.New("is empty: explain why the exception exists"), append(path, "reason")...)
	}
	if e.Owner == "" {
		found.add(errors.New("is empty: name a contact for this exception"), append(path, "owner")...)
	}
	if _, err := time.Parse(time.RFC3339, e.Expires); err != nil {
		found.add(fmt.Errorf("%q is not a time such as 2027-01-31T00:00:00Z (RFC 3339)", e.Expires), append(path, "expires")...)
	}
}

// pattern is what a name may be made of, and `*`.
var pattern = regexp.MustCompile(`^[-.a-z0-9*]+$`)

func checkPattern(name string) error {
	if !pattern.MatchString(name) {
		return fmt.Errorf("%q is not a name pattern: use lower case letters, digits, - and *", name)
	}
	return nil
}

func (m *Match) check(found *mistakes, path ...any) {
	if m == nil {
		return
	}
	if m.empty() {
		found.add(errors.New("is empty: select something, or remove it"), path...)
	}
	for key, patterns := range map[string][]string{
		"namespaces": m.Namespaces, "excludedNamespaces": m.ExcludedNamespaces, "names": m.Names,
	} {
		for index, each := range patterns {
			found.add(checkPattern(each), append(path, key, index)...)
		}
	}
	for key, selector := range map[string]*metav1.LabelSelector{
		"namespaceSelector": m.NamespaceSelector, "labelSelector": m.LabelSelector,
	} {
		if _, err := metav1.LabelSelectorAsSelector(selector); err != nil {
			found.add(err, append(path, key)...)
		}
	}
	checkSubjects(m.Subjects, found, append(path, "subjects")...)
	if m.OwnedBy != nil && len(m.OwnedBy.Kinds) == 0 {
		found.add(errors.New("is empty: list the kinds of the owner"), append(path, "ownedBy", "kinds")...)
	}
}

// empty selects everything by saying nothing.
func (m *Match) empty() bool {
	return !m.positive() && len(m.ExcludedNamespaces)+len(m.ExcludedActors) == 0
}

// positive says what is selected, not only what is not.
func (m *Match) positive() bool {
	return len(m.Namespaces)+len(m.Names)+len(m.Subjects)+len(m.Actors) > 0 ||
		m.NamespaceSelector != nil || m.LabelSelector != nil || m.OwnedBy != nil
}

func checkParam(rule policies.Rule, name string, value any) error {
	param, known := rule.Params[name]
	if !known {
		return fmt.Errorf("rule %s has no such parameter: see `stateward rules explain %s`", rule.ID, rule.ID)
	}
	return param.Check(value)
}

// UnknownRule says that there is no such rule, and which one may be meant.
func UnknownRule(id string, library *policies.Library) error {
	var known []string
	for _, rule := range library.All() {
		known = append(known, rule.ID)
	}
	if nearest := spelling.Nearest(id, slices.Values(append(known, policies.CheckRules()...))); nearest != "" {
		return fmt.Errorf("unknown rule %q: did you mean %q? `stateward rules` lists them", id, nearest)
	}
	return fmt.Errorf("unknown rule %q: `stateward rules` lists them", id)
}
