package v1alpha1

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/fragments"
)

// include puts in place of spec.include what the fragments of these names say. What the Guardrails say themselves wins: an
// actor of the same name, an action or a parameter of the same rule. So a team whose operator runs elsewhere names the
// fragment's actor itself.
func (g *Guardrails) include(library *policies.Library) error {
	var found mistakes
	for index, name := range g.Spec.Include {
		path := []any{"spec", "include", index}
		if first := slices.Index(g.Spec.Include, name); first < index {
			found.add(fmt.Errorf("fragment %q is already in include[%d]", name, first), path...)
			continue
		}
		fragment, err := readFragment(name)
		if err != nil {
			found.add(err, path...)
			continue
		}
		g.Spec.add(fragment.Spec, library)
	}
	g.Spec.Include = nil
	return errors.Join(found...)
}

func readFragment(name string) (*Guardrails, error) {
	source, known := fragments.Source(name)
	if !known {
		return nil, fmt.Errorf("unknown fragment %q: use one of %s", name, strings.Join(fragments.Names(), ", "))
	}
	fragment := &Guardrails{}
	if err := yaml.UnmarshalStrict(source, fragment); err != nil {
		return nil, fmt.Errorf("fragment %s: %w", name, err)
	}
	return fragment, nil
}

// add appends, so that the indexes of what is there stay.
func (s *GuardrailsSpec) add(fragment GuardrailsSpec, library *policies.Library) {
	for _, actor := range fragment.Actors {
		if !slices.ContainsFunc(s.Actors, func(own Actor) bool { return own.Name == actor.Name }) {
			s.Actors = append(s.Actors, actor)
		}
	}
	for _, parent := range fragment.Parents {
		if !slices.ContainsFunc(s.Parents, func(own Parent) bool { return own.Group == parent.Group && own.Kind == parent.Kind }) {
			s.Parents = append(s.Parents, parent)
		}
	}
	for _, setting := range fragment.Rules {
		s.addRule(setting, library)
	}
	s.Exceptions = append(s.Exceptions, fragment.Exceptions...)
}

func (s *GuardrailsSpec) addRule(setting RuleSetting, library *policies.Library) {
	rule, _ := library.Rule(setting.ID)
	own := slices.IndexFunc(s.Rules, func(own RuleSetting) bool { return rule.Called(own.ID) })
	if own < 0 {
		s.Rules = append(s.Rules, setting)
		return
	}
	into := &s.Rules[own]
	if into.Action == "" {
		into.Action = setting.Action
	}
	into.Actions = merged(setting.Actions, into.Actions)
	into.Params = merged(setting.Params, into.Params)
}

// merged is nil where neither says anything.
func merged[V any](fragment, own map[string]V) map[string]V {
	if len(fragment) == 0 {
		return own
	}
	all := maps.Clone(fragment)
	maps.Copy(all, own)
	return all
}
