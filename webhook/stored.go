package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

const (
	// storedTimeout bounds reading and writing the Guardrails in the cluster.
	storedTimeout = 5 * time.Second
	// maxConditionMessage leaves room below the 32 KiB that the API allows a condition to say.
	maxConditionMessage = 30 * 1024
)

// storedGuardrails is the one Guardrails object of the cluster, if it has one and knows the kind.
type storedGuardrails struct {
	cache client.Reader
	api   client.Client
}

// get returns the object, or nil.
func (s *storedGuardrails) get(ctx context.Context) (*unstructured.Unstructured, error) {
	ctx, cancel := context.WithTimeout(ctx, storedTimeout)
	defer cancel()
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(schema.FromAPIVersionAndKind(v1alpha1.GuardrailsAPIVersion, v1alpha1.GuardrailsKind))
	err := s.cache.Get(ctx, client.ObjectKey{Name: v1alpha1.GuardrailsName}, object)
	switch {
	case apierrors.IsNotFound(err), meta.IsNoMatchError(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read guardrails %s from the cluster: %w", v1alpha1.GuardrailsName, err)
	}
	return object, nil
}

// version returns a value that changes with the spec.
func (s *storedGuardrails) version(ctx context.Context) (string, error) {
	object, err := s.get(ctx)
	if object == nil || err != nil {
		return "none", err
	}
	return fmt.Sprintf("%s %d", object.GetUID(), object.GetGeneration()), nil
}

// parse checks the object against the library; without an object there are no Guardrails.
func (s *storedGuardrails) parse(ctx context.Context, library *policies.Library) (*v1alpha1.Guardrails, error) {
	object, err := s.get(ctx)
	if object == nil || err != nil {
		return nil, err
	}
	unstructured.RemoveNestedField(object.Object, "status")
	raw, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	guardrails, err := v1alpha1.ParseGuardrails(raw, library)
	if err != nil {
		return nil, fmt.Errorf("guardrails %s: %w", v1alpha1.GuardrailsName, err)
	}
	return guardrails, nil
}

// report writes into the status whether the object is in force. Several replicas write the same.
func (s *storedGuardrails) report(ctx context.Context, decider *engine.Engine, refused error) error {
	return s.update(ctx, false, func(typed *v1alpha1.Guardrails, status *v1alpha1.GuardrailsStatus) {
		_, status.Revision = decider.Revision()
		status.ObservedGeneration = typed.Generation
		meta.SetStatusCondition(&status.Conditions, ready(typed.Generation, refused, typed.NothingEnforced(decider.Library())))
	})
}

// condition writes a condition into the status; nil removes the one of this type. A status that has been written since it was
// read is a conflict, because a list of conditions is written whole.
func (s *storedGuardrails) condition(ctx context.Context, of string, condition *metav1.Condition) error {
	return s.update(ctx, true, func(typed *v1alpha1.Guardrails, status *v1alpha1.GuardrailsStatus) {
		if condition == nil {
			meta.RemoveStatusCondition(&status.Conditions, of)
			return
		}
		condition.ObservedGeneration = typed.Generation
		condition.Message = strings.ToValidUTF8(condition.Message[:min(len(condition.Message), maxConditionMessage)], "")
		meta.SetStatusCondition(&status.Conditions, *condition)
	})
}

// update writes the status if the change alters it.
func (s *storedGuardrails) update(ctx context.Context, onlyAsRead bool, change func(*v1alpha1.Guardrails, *v1alpha1.GuardrailsStatus)) error {
	object, err := s.get(ctx)
	if object == nil || err != nil {
		return err
	}
	var typed v1alpha1.Guardrails
	encoded, err := json.Marshal(object)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(encoded, &typed); err != nil {
		return err
	}
	var before v1alpha1.GuardrailsStatus
	if typed.Status != nil {
		before = *typed.Status
	}
	after := before
	after.Conditions = slices.Clone(before.Conditions)
	change(&typed, &after)
	if apiequality.Semantic.DeepEqual(before, after) {
		return nil
	}
	written := map[string]any{"status": after}
	if onlyAsRead {
		written["metadata"] = map[string]any{"resourceVersion": object.GetResourceVersion()}
	}
	patch, err := json.Marshal(written)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, storedTimeout)
	defer cancel()
	return s.api.Status().Patch(ctx, object.DeepCopy(), client.RawPatch("application/merge-patch+json", patch))
}

// ready returns the condition of Guardrails: refused, in force, or in force without effect.
func ready(generation int64, refused error, nothing string) metav1.Condition {
	condition := metav1.Condition{
		Type: "Ready", Status: metav1.ConditionTrue, Reason: "InForce", Message: "in force", ObservedGeneration: generation,
	}
	switch {
	case refused != nil:
		message := strings.ToValidUTF8(refused.Error()[:min(len(refused.Error()), maxConditionMessage)], "")
		condition.Status, condition.Reason, condition.Message = metav1.ConditionFalse, "Refused", message+"; what was in force before still is"
	case nothing != "":
		condition.Reason, condition.Message = "NothingEnforced", "in force, but no request is ever denied: "+nothing
	}
	return condition
}
