// Package engines asks engines inside this process, as their Go APIs permit: what a decision costs without HTTP, TLS and
// processes, and whether the common rules mean the same everywhere.
package engines

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/test/bench/contest/rules"
)

// Engine reports whether the AdmissionReview in body is allowed. It reads the body each time, as a webhook has to.
type Engine func(ctx context.Context, body []byte) (bool, error)

// Named is an engine with what the report calls it.
type Named struct {
	Name string
	Ask  Engine
}

// All returns the engines that take part in the contest inside this process, under the common rules.
func All(ctx context.Context) ([]Named, error) {
	stateward, err := Stateward(ctx)
	if err != nil {
		return nil, fmt.Errorf("make the engine of Stateward: %w", err)
	}
	opa, err := OPA(ctx)
	if err != nil {
		return nil, fmt.Errorf("make the engine of OPA: %w", err)
	}
	vap, err := VAP()
	if err != nil {
		return nil, fmt.Errorf("make the engine of ValidatingAdmissionPolicy: %w", err)
	}
	return []Named{{"Stateward", stateward}, {"OPA", opa}, {"ValidatingAdmissionPolicy", vap}}, nil
}

// Stateward is Stateward's engine with the common rules and no others.
func Stateward(ctx context.Context) (Engine, error) {
	library, err := policies.Embedded()
	if err != nil {
		return nil, err
	}
	common, err := rules.Stateward()
	if err != nil {
		return nil, err
	}
	if library, err = library.Extend(common, "common"); err != nil {
		return nil, err
	}
	source, err := rules.StatewardGuardrails()
	if err != nil {
		return nil, err
	}
	guardrails, err := v1alpha1.ParseGuardrails(source, library)
	if err != nil {
		return nil, err
	}
	decider, err := engine.New(ctx, library, guardrails)
	if err != nil {
		return nil, err
	}
	inv := inventory.NewSnapshot("default", nil)
	return func(ctx context.Context, body []byte) (bool, error) {
		var review admissionv1.AdmissionReview
		if err := json.Unmarshal(body, &review); err != nil {
			return false, err
		}
		asked := engine.FromAdmission(review.Request, time.Unix(1800000000, 0))
		asked.Phase = engine.ValidatingPhase
		verdict, err := decider.Decide(ctx, asked, inv)
		return verdict.Allowed, err
	}, nil
}

// OPA is OPA's evaluator with a prepared query, as `opa run --server` has it.
func OPA(ctx context.Context) (Engine, error) {
	modules, err := rules.OPA()
	if err != nil {
		return nil, err
	}
	options := []func(*rego.Rego){rego.Query("allowed = data.system.main.response.allowed")}
	for name, source := range modules {
		options = append(options, rego.Module(name, source))
	}
	query, err := rego.New(options...).PrepareForEval(ctx)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, body []byte) (bool, error) {
		var input any
		if err := util.UnmarshalJSON(body, &input); err != nil {
			return false, err
		}
		value, err := ast.InterfaceToValue(input)
		if err != nil {
			return false, err
		}
		results, err := query.Eval(ctx, rego.EvalParsedInput(value))
		if err != nil {
			return false, err
		}
		if len(results) != 1 {
			return false, fmt.Errorf("%d results, want one", len(results))
		}
		allowed, ok := results[0].Bindings["allowed"].(bool)
		if !ok {
			return false, fmt.Errorf("allowed is %v", results[0].Bindings["allowed"])
		}
		return allowed, nil
	}, nil
}
