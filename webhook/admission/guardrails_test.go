package admission

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

func TestGuardrailsHandlerWarnsIfNothingIsEnforced(t *testing.T) {
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

func TestGuardrailsHandlerRejectsMissingParents(t *testing.T) {
	t.Parallel()
	kinds := meta.NewDefaultRESTMapper([]schema.GroupVersion{{Group: "example.com", Version: "v1"}})
	kinds.AddSpecific(schema.GroupVersionKind{Group: "example.com", Version: "v1", Kind: "Data"},
		schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "data"},
		schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "data"}, meta.RESTScopeNamespace)
	handler := &guardrailsHandler{policy: func() (*Policy, error) { return &Policy{Engine: decider(t)}, nil }, kinds: kinds}
	for name, test := range map[string]struct{ old, parent, want string }{
		"there":             {parent: `{"group": "example.com", "kind": "Data", "resource": "data"}`},
		"with the usual s":  {parent: `{"group": "example.com", "kind": "Data"}`, want: `spec.parents[0].resource: the plural of Data is "data", not "datas"`},
		"not there":         {parent: `{"group": "example.com", "kind": "Date"}`, want: `spec.parents[0].kind: the cluster has no kind "Date" in group "example.com": install its CustomResourceDefinition first, or correct the name`},
		"not there anymore": {old: `{"group": "example.com", "kind": "Date"}`, parent: `{"group": "example.com", "kind": "Date"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			with := func(parent string) runtime.RawExtension {
				return runtime.RawExtension{Raw: []byte(`{"apiVersion": "stateward.dev/v1alpha1", "kind": "Guardrails", "metadata": {"name": "stateward"}, "spec": {"parents": [` + parent + `]}}`)}
			}
			request := admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{Object: with(test.parent)}}
			if test.old != "" {
				request.OldObject = with(test.old)
			}
			response := handler.Handle(t.Context(), request)
			if diff := cmp.Diff(test.want, response.Result.Message); diff != "" || response.Allowed != (test.want == "") {
				t.Errorf("allowed %t, message (-want +got):\n%s", response.Allowed, diff)
			}
		})
	}
}
