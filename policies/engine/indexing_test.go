package engine

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/rego"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/test/examples"
)

// TestTheEvaluatorsShortCutsChangeNoVerdict judges every example with rule indexing and early exit, and without.
func TestTheEvaluatorsShortCutsChangeNoVerdict(t *testing.T) {
	t.Parallel()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	decider, err := New(t.Context(), library, nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := examples.Read("..")
	if err != nil {
		t.Fatal(err)
	}
	reviews, findings := 0, 0
	for _, example := range all {
		world := NewSnapshot("default", library.ManifestResources)
		for _, document := range example.Documents {
			if err := world.Add(encoded(t, document.Object)); err != nil {
				t.Fatal(err)
			}
		}
		for _, document := range example.Documents {
			input, err := reviewOf(t, document).input()
			if err != nil {
				t.Fatal(err)
			}
			want, err := decider.evaluate(t.Context(), AnyDoor, input, newTransaction(world))
			if err != nil {
				t.Fatalf("%s: %v", example.File, err)
			}
			got, err := decider.evaluate(t.Context(), AnyDoor, input, newTransaction(world),
				rego.EvalRuleIndexing(false), rego.EvalEarlyExit(false))
			if err != nil {
				t.Fatalf("%s: without short cuts: %v", example.File, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-with +without):\n%s", example.File, diff)
			}
			reviews, findings = reviews+1, findings+len(want)
		}
	}
	t.Logf("%d reviews with %d findings", reviews, findings)
}

func reviewOf(t *testing.T, document unstructured.Unstructured) Review {
	t.Helper()
	if document.GetKind() == "AdmissionReview" {
		var recorded admissionv1.AdmissionReview
		if err := json.Unmarshal(encoded(t, document.Object), &recorded); err != nil {
			t.Fatal(err)
		}
		return FromRequest(recorded.Request, time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC))
	}
	kind := document.GroupVersionKind()
	return Review{Group: kind.Group, Kind: kind.Kind, Namespace: document.GetNamespace(), Object: encoded(t, document.Object)}
}

func encoded(t *testing.T, object map[string]any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
