package evaluate

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// recordedReview is an AdmissionReview with the time that Stateward's own records add; without it nothing counts as
// confirmed.
type recordedReview struct {
	Request   *admissionv1.AdmissionRequest `json:"request"`
	Stateward struct {
		Time time.Time `json:"time"`
	} `json:"stateward"`
}

// reviewOf makes the request that a document asks for. What was recorded has its own time, a manifest is evaluated now.
func reviewOf(document manifest.Document, namespace string, now time.Time) (engine.Request, error) {
	if document.IsAdmissionReview() {
		var recorded recordedReview
		if err := json.Unmarshal(document.Raw, &recorded); err != nil {
			return engine.Request{}, fmt.Errorf("read AdmissionReview: %w", err)
		}
		if recorded.Request == nil || recorded.Request.Operation == "" {
			return engine.Request{}, errors.New("read AdmissionReview: it has no request with an operation")
		}
		return engine.FromAdmission(recorded.Request, recorded.Stateward.Time), nil
	}
	return engine.Request{
		Group: policies.GroupOf(document.APIVersion), Kind: document.Kind, Namespace: namespaceOf(document, namespace),
		Name: document.Name, Object: document.Raw, Typed: document.Typed, Time: now,
	}, nil
}

// namespaceOf returns the namespace of a document. An object that names none is in the given one. It stays empty for kinds
// without namespaces, and for kinds whose scope is unknown.
func namespaceOf(document manifest.Document, namespace string) string {
	resource, known := policies.DeletedKind(policies.GroupOf(document.APIVersion), document.Kind)
	switch {
	case known && !resource.Namespaced:
		return ""
	case document.Namespace != "" || !known:
		return document.Namespace
	default:
		return namespace
	}
}
