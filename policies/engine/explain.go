package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/rego"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// Decided is what becomes of a violation of a rule, and why.
type Decided struct {
	Rule  string         `json:"rule"`
	Level policies.Level `json:"level"`
	// Setting is the path of the Guardrails' setting that decides it, or "" for the rule's own metadata.
	Setting string `json:"setting,omitempty"`
	Note    string `json:"note,omitempty"`
}

// explaining queries policies/lib/explain.rego about the one request of the input.
const explaining = `decided = [each |
	some rule in input.stateward.rules
	each := data.stateward.lib.explain.decided(rule, data.stateward.lib.review.entries[0])
]`

// Explain returns for each rule, in their order, the setting that decides about this request at this time.
func Explain(
	ctx context.Context, library *policies.Library, guardrails *v1alpha1.Guardrails, rules []policies.Rule, request *admissionv1.AdmissionRequest, now time.Time,
) (decided []Decided, err error) {
	compiler, err := compile(library)
	if err != nil {
		return nil, err
	}
	value, err := configOf(guardrails, library)
	if err != nil {
		return nil, err
	}
	query, err := prepare(ctx, compiler, &store{guardrails: value}, explaining)
	if err != nil {
		return nil, err
	}
	asked := make([]map[string]any, 0, len(rules))
	for _, rule := range rules {
		// Rego wants each of them, where JSON may leave them out.
		asked = append(asked, map[string]any{
			"id": rule.ID, "aliases": append([]string{}, rule.Aliases...), "severity": rule.Severity, "profile": rule.Profile,
		})
	}
	results, err := query.Eval(ctx, rego.EvalInput(map[string]any{
		"request":   request,
		"stateward": map[string]any{"time": now.UTC().Format(time.RFC3339), "rules": asked},
	}), rego.EvalTransaction(newTransaction(&inventory.Snapshot{})))
	if err != nil {
		return nil, fmt.Errorf("explain settings: %w", err)
	}
	encoded, err := json.Marshal(results[0].Bindings["decided"])
	if err != nil {
		return nil, err
	}
	return decided, json.Unmarshal(encoded, &decided)
}
