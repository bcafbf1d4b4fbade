package admission

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// guardrailsHandler refuses Guardrails that could not come into force, and warns of those that enforce nothing. What the
// schema of their CRD can say has been checked before; this checks the names of rules and their parameters.
type guardrailsHandler struct {
	policy func() (*Policy, error)
	// kinds maps the kinds of the cluster.
	kinds meta.RESTMapper
}

// Handle answers a CREATE or UPDATE of Guardrails.
func (h *guardrailsHandler) Handle(_ context.Context, request admission.Request) admission.Response {
	policy, err := h.policy()
	if err != nil {
		return refused(http.StatusServiceUnavailable, fmt.Errorf("not ready: %w", err))
	}
	library := policy.Engine.Library()
	guardrails, err := v1alpha1.ParseGuardrails(request.Object.Raw, library)
	if err != nil {
		return denied(err)
	}
	// What is stored already may stay: its operator may have gone since.
	old, _ := v1alpha1.ParseGuardrails(request.OldObject.Raw, library)
	if err := h.checkParents(guardrails, old); err != nil {
		return denied(err)
	}
	allowed := admission.Allowed("")
	if why := guardrails.NothingEnforced(library); why != "" {
		allowed.Warnings = []string{"[guardrails] nothing is enforced: " + why}
	}
	return allowed
}

// checkParents refuses new parents that the cluster does not have: a kind with a typo would guard nothing.
func (h *guardrailsHandler) checkParents(guardrails, old *v1alpha1.Guardrails) error {
	var mistakes []error
	for index, parent := range guardrails.Spec.Parents {
		if old != nil && slices.Contains(old.Spec.Parents, parent) {
			continue
		}
		if field, err := h.missing(parent); err != nil {
			mistakes = append(mistakes, &v1alpha1.FieldError{Path: []any{"spec", "parents", index, field}, Err: err})
		}
	}
	return errors.Join(mistakes...)
}

// missing returns an error and its field if the cluster does not have the kind of a parent.
func (h *guardrailsHandler) missing(parent v1alpha1.Parent) (field string, err error) {
	mapping, err := h.kinds.RESTMapping(schema.GroupKind{Group: parent.Group, Kind: parent.Kind})
	wanted := parent.Registered().Resource
	switch {
	case meta.IsNoMatchError(err):
		return "kind", fmt.Errorf("the cluster has no kind %q in group %q: install its CustomResourceDefinition first, or correct the name", parent.Kind, parent.Group)
	case err != nil:
		return "kind", fmt.Errorf("whether the cluster has this kind is not known: %w", err)
	case mapping.Resource.Resource != wanted:
		return "resource", fmt.Errorf("the plural of %s is %q, not %q", parent.Kind, mapping.Resource.Resource, wanted)
	default:
		return "", nil
	}
}

// denied lists each mistake with its field.
func denied(err error) admission.Response {
	response := admission.Denied("")
	response.Result.Details = &metav1.StatusDetails{}
	var lines []string
	for _, mistake := range v1alpha1.Mistakes(err) {
		lines = append(lines, mistake.Error())
		var field *v1alpha1.FieldError
		if errors.As(mistake, &field) {
			response.Result.Details.Causes = append(response.Result.Details.Causes, metav1.StatusCause{
				Type: metav1.CauseTypeFieldValueInvalid, Field: field.Field(), Message: field.Err.Error(),
			})
		}
	}
	response.Result.Message = strings.Join(lines, "\n")
	return response
}
