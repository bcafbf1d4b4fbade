package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/agnivade/levenshtein"
	"github.com/open-policy-agent/opa/v1/ast"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"

	"github.com/stateward/stateward/policies"
)

// Guardrails configures the rules. The same file serves the webhook, `--config` and conftest's `--data`.
type Guardrails struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec GuardrailsSpec `json:"spec"`
}

// GuardrailsSpec is what is wanted of the rules.
type GuardrailsSpec struct {
	// Profile chooses the levels of all rules that Rules does not name: baseline (default) or strict.
	Profile string `json:"profile,omitempty"`
	// FourEyes wants a confirmation to be somebody else's than the operation that it lets through.
	FourEyes bool `json:"fourEyes,omitempty"`
	// Rules sets single rules.
	Rules []RuleSetting `json:"rules,omitempty"`
}

// RuleSetting sets one rule or mutation.
type RuleSetting struct {
	// ID is the rule's id, as `stateward rules` lists it.
	ID string `json:"id"`
	// Action is deny, warn, audit (recorded only) or off; empty leaves it to the profile.
	Action policies.Level `json:"action,omitempty"`
	// Params are the rule's parameters by name.
	Params map[string]any `json:"params,omitempty"`
}

const (
	guardrailsAPIVersion = "stateward.dev/v1alpha1"
	guardrailsKind       = "Guardrails"
)

// ParseGuardrails reads Guardrails from JSON and checks them against the library. Each mistake is a *FieldError in
// the joined error.
func ParseGuardrails(raw []byte, library *policies.Library) (*Guardrails, error) {
	guardrails := &Guardrails{}
	unknown, err := kjson.UnmarshalStrict(raw, guardrails)
	if err := errors.Join(append(fieldErrors(unknown...), fieldErrors(err)...)...); err != nil {
		return nil, err
	}
	if err := guardrails.check(library); err != nil {
		return nil, err
	}
	return guardrails, nil
}

// fieldErrors gives what the decoder says of a field the field's path.
func fieldErrors(errs ...error) (located []error) {
	for _, err := range errs {
		var strict kjson.FieldError
		var mistyped *json.UnmarshalTypeError
		switch {
		case err == nil:
		case errors.As(err, &strict):
			path := splitPath(strict.FieldPath())
			strict.SetFieldPath(lastKey(path))
			located = append(located, &FieldError{Path: path, Err: strict})
		case errors.As(err, &mistyped):
			located = append(located, &FieldError{
				Path: splitPath(mistyped.Field), Err: fmt.Errorf("a JSON %s cannot stand here", mistyped.Value),
			})
		default:
			located = append(located, err)
		}
	}
	return located
}

// Revision names these Guardrails by their content; it is "none" for nil.
func (g *Guardrails) Revision() string {
	if g == nil {
		return "none"
	}
	encoded, err := json.Marshal(g.Spec)
	if err != nil {
		return "unreadable"
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:6])
}

// value is the object as Rego reads it, at the root of data.
func (g *Guardrails) value(library *policies.Library) (ast.Value, error) {
	if g == nil {
		return ast.NewObject(), nil
	}
	if err := g.check(library); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(g)
	if err != nil {
		return nil, fmt.Errorf("encode guardrails: %w", err)
	}
	return parseJSON(encoded)
}

func (g *Guardrails) check(library *policies.Library) error {
	var problems []error
	report := func(err error, path ...any) {
		if err != nil {
			problems = append(problems, &FieldError{Path: path, Err: err})
		}
	}
	if g.APIVersion != guardrailsAPIVersion {
		report(fmt.Errorf("%q is not %s", g.APIVersion, guardrailsAPIVersion), "apiVersion")
	}
	if g.Kind != guardrailsKind {
		report(fmt.Errorf("%q is not %s", g.Kind, guardrailsKind), "kind")
	}
	if g.Spec.Profile != "" && !slices.Contains(policies.Profiles(), g.Spec.Profile) {
		report(fmt.Errorf("unknown profile %q: use one of %v", g.Spec.Profile, policies.Profiles()), "spec", "profile")
	}
	seen := map[string]int{}
	for index, setting := range g.Spec.Rules {
		if first, again := seen[setting.ID]; again {
			report(fmt.Errorf("rule %q is set in rules[%d] already", setting.ID, first), "spec", "rules", index, "id")
		}
		seen[setting.ID] = index
		rule, known := library.Rule(setting.ID)
		if !known {
			report(unknownRule(setting.ID, library), "spec", "rules", index, "id")
			continue
		}
		if setting.Action != "" && !slices.Contains(policies.Levels(), setting.Action) {
			report(fmt.Errorf("unknown action %q: use one of %v", setting.Action, policies.Levels()), "spec", "rules", index, "action")
		}
		for name, value := range setting.Params {
			report(checkParam(rule, name, value), "spec", "rules", index, "params", name)
		}
	}
	return errors.Join(problems...)
}

func checkParam(rule policies.Rule, name string, value any) error {
	param, known := rule.Params[name]
	if !known {
		return fmt.Errorf("rule %s has no such parameter: see `stateward rules explain %s`", rule.ID, rule.ID)
	}
	return param.Check(value)
}

func unknownRule(id string, library *policies.Library) error {
	nearest, distance := "", len(id)/2+1
	for _, rule := range library.All() {
		if d := levenshtein.ComputeDistance(id, rule.ID); d < distance {
			nearest, distance = rule.ID, d
		}
	}
	if nearest != "" {
		return fmt.Errorf("unknown rule %q: did you mean %q? `stateward rules` lists them", id, nearest)
	}
	return fmt.Errorf("unknown rule %q: `stateward rules` lists them", id)
}
