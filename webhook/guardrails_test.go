package webhook

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

func TestGuardrailsHandlerWarnsWhereNothingIsEnforced(t *testing.T) {
	t.Parallel()
	handler := &guardrailsHandler{policy: func() (*Policy, error) { return &Policy{Engine: decider(t)}, nil }}
	for name, test := range map[string]struct {
		spec string
		want []string
	}{
		"something is": {spec: `{"match": {"excludedNamespaces": ["ci-*"]}}`},
		"nothing is": {
			spec: `{"match": {"excludedNamespaces": ["*"]}}`,
			want: []string{"[guardrails] nothing is enforced: spec.match selects nothing: excludedNamespaces excludes every namespace"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := `{"apiVersion": "stateward.dev/v1alpha1", "kind": "Guardrails", "metadata": {"name": "stateward"}, "spec": ` + test.spec + `}`
			request := admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{Object: runtime.RawExtension{Raw: []byte(raw)}}}
			response := handler.Handle(t.Context(), request)
			if diff := cmp.Diff(test.want, response.Warnings); diff != "" || !response.Allowed {
				t.Errorf("allowed %t, warnings (-want +got):\n%s", response.Allowed, diff)
			}
		})
	}
}

func TestReadyHasTheReasonOfTheStatus(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		refused       error
		nothing, want string
	}{
		"in force":         {want: "True InForce: in force"},
		"nothing enforced": {nothing: "no rule", want: "True NothingEnforced: in force, but no request is ever denied: no rule"},
		"refused":          {refused: errors.New("broken"), nothing: "no rule", want: "False Refused: broken; what was in force before still is"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ready(7, test.refused, test.nothing)
			if diff := cmp.Diff(test.want, string(got.Status)+" "+got.Reason+": "+got.Message); diff != "" || got.ObservedGeneration != 7 {
				t.Errorf("condition (-want +got):\n%s", diff)
			}
		})
	}
}
