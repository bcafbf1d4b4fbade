package doctor

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

const guardrailsObject = v1alpha1.GuardrailsKind + "/" + v1alpha1.GuardrailsName

// checkGuardrails reads the configuration, which other checks depend on, and reports whether it is in force.
func (e *examination) checkGuardrails(ctx context.Context) {
	stored := &unstructured.Unstructured{}
	stored.SetGroupVersionKind(schema.FromAPIVersionAndKind(v1alpha1.GuardrailsAPIVersion, v1alpha1.GuardrailsKind))
	err := e.client.Get(ctx, client.ObjectKey{Name: v1alpha1.GuardrailsName}, stored)
	switch {
	case meta.IsNoMatchError(err):
		e.problem("CustomResourceDefinition/guardrails.stateward.dev", "kubectl apply -f manifests/base/crds",
			"the kind Guardrails is not installed, so Stateward cannot be configured")
		return
	case apierrors.IsNotFound(err):
		return
	case err != nil:
		e.unsure = true
		e.unchecked(guardrailsObject, "", err, "the Guardrails cannot be read")
		return
	}
	raw, err := stored.MarshalJSON()
	if err != nil {
		e.unsure = true
		e.unchecked(guardrailsObject, "", err, "the Guardrails cannot be read")
		return
	}
	e.guardrails, err = v1alpha1.ParseGuardrails(raw, e.Library)
	if err != nil {
		e.unsure = true
		e.problem(guardrailsObject, "correct it with `kubectl edit guardrails stateward`; until then the last valid ones are active",
			"these Guardrails are invalid: %v", err)
		return
	}
	e.checkGuardrailsStatus(raw)
	e.checkExceptions()
}

// checkGuardrailsStatus reports whether the webhook uses the newest Guardrails.
func (e *examination) checkGuardrailsStatus(raw []byte) {
	const lookAtLog = "check that `stateward serve` runs, and search its log for \"Guardrails\""
	var stored v1alpha1.Guardrails
	if err := json.Unmarshal(raw, &stored); err != nil {
		e.unchecked(guardrailsObject, "", err, "the status of the Guardrails cannot be read")
		return
	}
	var ready *metav1.Condition
	if stored.Status != nil {
		ready = meta.FindStatusCondition(stored.Status.Conditions, "Ready")
	}
	switch {
	case ready == nil:
		e.problem(guardrailsObject, lookAtLog, "Stateward has not reported yet whether these Guardrails are active")
	case stored.Status.ObservedGeneration != stored.Generation:
		e.problem(guardrailsObject, lookAtLog, "generation %d exists, but Stateward has only seen generation %d: the change is not active",
			stored.Generation, stored.Status.ObservedGeneration)
	case ready.Status != metav1.ConditionTrue:
		e.problem(guardrailsObject, "correct it with `kubectl edit guardrails stateward`; until then the last valid ones are active",
			"these Guardrails are not active: %s", ready.Message)
	default:
		e.ok(guardrailsObject, "active, revision %s", stored.Status.Revision)
		if why := e.guardrails.NothingEnforced(e.Library); why != "" {
			e.note(guardrailsObject, "no request is ever denied: %s", why)
		}
	}
}

// checkExceptions reports expired exceptions: their owners may believe that they still apply.
func (e *examination) checkExceptions() {
	for index, exception := range e.guardrails.Spec.Exceptions {
		if expires, err := time.Parse(time.RFC3339, exception.Expires); err == nil && e.Now.After(expires) {
			e.note(guardrailsObject, "spec.exceptions[%d] of %s (%s) expired at %s and has no effect", index, exception.Owner, exception.Reason, exception.Expires)
		}
	}
}

// stopsSomething reports whether any rule denies; in an installation that only records, none does.
func (e *examination) stopsSomething() bool {
	return slices.ContainsFunc(e.Library.Rules, func(rule policies.Rule) bool { return e.guardrails.Level(rule) == policies.Deny })
}
