package audit

import (
	"slices"

	"github.com/stateward/stateward/cmd/internal/headline"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// strict is the profile of the strict Guardrails.
const strict = "strict"

// Strict are the Guardrails with the profile strict, and without the actions that make a rule milder than that. What is
// off stays off, and match, params and exceptions stay as they are.
func Strict(guardrails *v1alpha1.Guardrails) *v1alpha1.Guardrails {
	made := &v1alpha1.Guardrails{}
	if guardrails != nil {
		*made = *guardrails
		made.Spec.Rules = slices.Clone(guardrails.Spec.Rules)
	}
	made.APIVersion, made.Kind, made.Name = v1alpha1.GuardrailsAPIVersion, v1alpha1.GuardrailsKind, v1alpha1.GuardrailsName
	made.Spec.Profile = strict
	for index := range made.Spec.Rules {
		if setting := &made.Spec.Rules[index]; setting.Action == policies.Warn || setting.Action == policies.Audit {
			setting.Action = ""
		}
	}
	return made
}

// MayDeny reports whether a stored object of this resource may be denied. Rules of audits deny only where Guardrails say so,
// and they alone evaluate most objects.
func MayDeny(decider *engine.Engine, resource string) bool {
	return slices.ContainsFunc(decider.Library().Rules, func(rule policies.Rule) bool {
		return rule.AppliesTo(resource, policies.Inspect) && (!rule.OnlyInspects() || decider.Guardrails().Level(rule) == policies.Deny)
	})
}

// DeniedBy counts the objects of the result that a rule denies.
func DeniedBy(result report.Result) headline.Denied {
	objects, rules, namespaces := map[engine.ObjectReference]bool{}, map[string]bool{}, map[string]bool{}
	for _, finding := range result.Findings {
		if finding.Level == policies.Deny {
			objects[finding.Object], rules[finding.Rule], namespaces[finding.Object.Namespace] = true, true, true
		}
	}
	return headline.Denied{Count: len(objects), Rules: len(rules), Namespaces: len(namespaces)}
}
