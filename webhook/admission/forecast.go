package admission

import (
	"context"
	"errors"
	"fmt"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/forecast"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/webhook/preview"
)

// foretells reports whether the Guardrails ask for a forecast of this request.
func (h *Handler) foretells(policy *Policy, request *admissionv1.AdmissionRequest, decision engine.Decision) bool {
	if h.Phase != engine.ValidatingPhase || decision.Exempt != "" {
		return false
	}
	mode := policy.Engine.Guardrails().Forecasts()
	return mode == v1alpha1.ForecastAlways || mode == v1alpha1.ForecastDryRun && ptr.Deref(request.DryRun, false)
}

// looksUp reports whether a forecast may hold more than the request does.
func looksUp(policy *Policy) bool {
	source, has := policy.Inventory.(preview.Source)
	return has && source.HoldsObjects()
}

// addForecast adds what a request does to StatefulSets. It is neither part of the decision nor recorded with it, because it reads
// the current caches and a replay must give the same bytes. An error leaves the response unchanged.
func (h *Handler) addForecast(ctx context.Context, policy *Policy, request *admissionv1.AdmissionRequest, response *admission.Response) {
	source, has := policy.Inventory.(preview.Source)
	if !has {
		return
	}
	made, err := h.foresee(request, source)
	switch {
	case errors.Is(err, preview.ErrNoStatefulSet):
		return
	case err != nil:
		loggerOf(ctx, request).Info("no forecast", "operation", request.Operation, "reason", err.Error())
		made = preview.Preview{Left: "this request: " + err.Error()}
	}
	if ptr.Deref(request.DryRun, false) {
		response.Warnings = append(response.Warnings, made.Lines()...)
	}
	if policy.Engine.Guardrails().Forecasts() == v1alpha1.ForecastAlways {
		response.AuditAnnotations["forecast"] = made.JSON(maxAnnotation)
	}
}

// foresee turns a panic into an error.
func (h *Handler) foresee(request *admissionv1.AdmissionRequest, source preview.Source) (made preview.Preview, err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("the forecast failed: %v", failure)
		}
	}()
	gates, _ := forecast.Version{Minor: forecast.Newest}.Gates()
	if h.Gates != nil {
		gates = h.Gates()
	}
	return preview.Make(request, source.AtTime(h.Now()), gates)
}
