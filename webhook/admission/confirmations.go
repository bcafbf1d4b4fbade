package admission

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"gomodules.xyz/jsonpatch/v2"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/stateward/stateward/policies/confirmations"
)

// confirmationHandler refuses Confirmations that would not count. What the schema of their CRD can say has been checked
// before; this checks the times, the names of rules and the user.
type confirmationHandler struct {
	policy func() (*Policy, error)
	now    func() time.Time
}

// Handle answers a CREATE of a Confirmation.
func (h *confirmationHandler) Handle(_ context.Context, request admission.Request) admission.Response {
	policy, err := h.policy()
	if err != nil {
		return refused(http.StatusServiceUnavailable, fmt.Errorf("not ready: %w", err))
	}
	var created confirmations.Confirmation
	if err := json.Unmarshal(request.Object.Raw, &created); err != nil {
		return refused(http.StatusBadRequest, fmt.Errorf("read Confirmation: %w", err))
	}
	if err := created.Check(policy.Engine.Library(), request.UserInfo.Username, h.now()); err != nil {
		return denied(err)
	}
	return admission.Allowed("")
}

// confirmedByHandler writes the name of its user into a Confirmation.
type confirmedByHandler struct{}

// Handle answers a CREATE of a Confirmation. The schema refuses one without a spec.
func (confirmedByHandler) Handle(_ context.Context, request admission.Request) admission.Response {
	var created struct {
		Spec *struct {
			ConfirmedBy string `json:"confirmedBy"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(request.Object.Raw, &created); err != nil || created.Spec == nil {
		return admission.Allowed("")
	}
	// Written by the client in another user's name, it stays and is refused: to correct it would hide the mistake.
	if created.Spec.ConfirmedBy != "" {
		return admission.Allowed("")
	}
	return admission.Patched("", jsonpatch.NewOperation("add", "/spec/confirmedBy", request.UserInfo.Username))
}
