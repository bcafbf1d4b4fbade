package admission

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/stateward/stateward/policies/engine"
)

const (
	alpha = "volume.alpha.kubernetes.io/storage-class"
	beta  = "volume.beta.kubernetes.io/storage-class"
)

// TestMutationsAreIdempotent applies what comes back with the library that the API server
// applies it with, and asks again: the API server may, too (reinvocationPolicy IfNeeded).
func TestMutationsAreIdempotent(t *testing.T) {
	t.Parallel()
	template := func(annotations map[string]any, spec map[string]any) map[string]any {
		return map[string]any{"metadata": map[string]any{"name": "www", "annotations": annotations}, "spec": spec}
	}
	claims := func(templates ...any) func(map[string]any) {
		return func(spec map[string]any) { spec["volumeClaimTemplates"] = templates }
	}
	tests := map[string]struct {
		review string
		before func(spec map[string]any)
		// after is what the mutations must have made of before.
		after func(spec map[string]any)
	}{
		"the tutorial's claim template": {
			review: createReview,
			before: func(map[string]any) {},
			after: func(spec map[string]any) {
				delete(at(t, first(t, spec["volumeClaimTemplates"]), "metadata", "annotations"), alpha)
			},
		},
		"a class that still counts becomes the field": {
			review: createReview,
			before: claims(template(map[string]any{beta: "fast"}, map[string]any{})),
			after:  claims(template(map[string]any{}, map[string]any{"storageClassName": "fast"})),
		},
		"a class that the field says as well": {
			review: createReview,
			before: claims(template(map[string]any{beta: "fast", "kept": "yes"}, map[string]any{"storageClassName": "fast"})),
			after:  claims(template(map[string]any{"kept": "yes"}, map[string]any{"storageClassName": "fast"})),
		},
		"several templates with both annotations": {
			review: createReview,
			before: claims(
				template(map[string]any{alpha: "a", beta: "b"}, map[string]any{}),
				template(map[string]any{}, map[string]any{}),
				template(map[string]any{alpha: "a", beta: "b"}, map[string]any{}),
			),
			after: claims(
				template(map[string]any{}, map[string]any{"storageClassName": "b"}),
				template(map[string]any{}, map[string]any{}),
				template(map[string]any{}, map[string]any{"storageClassName": "b"}),
			),
		},
		"a selector that is absent": {
			review: createReview,
			before: func(spec map[string]any) {
				delete(spec, "selector")
				delete(spec, "volumeClaimTemplates")
			},
			after: func(spec map[string]any) {
				spec["selector"] = map[string]any{"matchLabels": map[string]any{"app": "nginx"}}
			},
		},
		"a selector that an update leaves out": {
			review: updateReview,
			before: func(spec map[string]any) { spec["selector"] = nil },
			after: func(spec map[string]any) {
				spec["selector"] = map[string]any{"matchLabels": map[string]any{"app": "nginx"}}
			},
		},
	}
	url := serve(t, newHandler(t, engine.MutatingPhase))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := altered(t, test.review, func(request map[string]any) { test.before(at(t, request, "object", "spec")) })
			want := object(t, body)
			test.after(at(t, want, "spec"))

			mutated := mutate(t, url, body)
			if diff := cmp.Diff(want, object(t, mutated)); diff != "" {
				t.Errorf("object (-want +got):\n%s", diff)
			}
			again := post(t, url, contentType, mutated)
			if again.Patch != nil || again.PatchType != nil || again.Warnings != nil {
				t.Errorf("asked again: patch %s of type %v, warnings %q; want none", again.Patch, again.PatchType, again.Warnings)
			}
		})
	}
}

// mutate is the review as it would be after the patch of its answer.
func mutate(t *testing.T, url string, body []byte) []byte {
	t.Helper()
	response := post(t, url, contentType, body)
	if !response.Allowed || response.PatchType == nil || *response.PatchType != admissionv1.PatchTypeJSONPatch {
		t.Fatalf("allowed %v, patch type %v, want a JSON patch", response.Allowed, response.PatchType)
	}
	patch, err := jsonpatch.DecodePatch(response.Patch)
	if err != nil {
		t.Fatal(err)
	}
	patched, err := patch.Apply(encode(t, object(t, body)))
	if err != nil {
		t.Fatalf("apply %s: %v", response.Patch, err)
	}
	var review map[string]any
	if err := json.Unmarshal(body, &review); err != nil {
		t.Fatal(err)
	}
	at(t, review, "request")["object"] = json.RawMessage(patched)
	return encode(t, review)
}

func object(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var review map[string]any
	if err := json.Unmarshal(body, &review); err != nil {
		t.Fatal(err)
	}
	return at(t, review, "request", "object")
}

func first(t *testing.T, list any) map[string]any {
	t.Helper()
	elements, ok := list.([]any)
	if !ok || len(elements) == 0 {
		t.Fatalf("%v is no list with an element", list)
	}
	element, ok := elements[0].(map[string]any)
	if !ok {
		t.Fatalf("%v is no object", elements[0])
	}
	return element
}
