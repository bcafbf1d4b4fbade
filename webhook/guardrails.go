package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// guardrailsHandler refuses Guardrails that could not come into force, and warns of those that enforce nothing. What the
// schema of their CRD can say has been checked before; this is about the rules there are and their parameters.
type guardrailsHandler struct{ policy func() (*Policy, error) }

// Handle answers a CREATE or UPDATE of Guardrails.
func (h *guardrailsHandler) Handle(_ context.Context, request admission.Request) admission.Response {
	policy, err := h.policy()
	if err != nil {
		return refused(http.StatusServiceUnavailable, fmt.Errorf("not ready: %w", err))
	}
	library := policy.Engine.Library()
	guardrails, err := v1alpha1.ParseGuardrails(request.Object.Raw, library)
	if err == nil {
		allowed := admission.Allowed("")
		if why := guardrails.NothingEnforced(library); why != "" {
			allowed.Warnings = []string{"[guardrails] nothing is enforced: " + why}
		}
		return allowed
	}
	return denied(err)
}

// denied tells each mistake at its field.
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
