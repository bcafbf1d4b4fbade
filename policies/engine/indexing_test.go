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

// TestShortCutsChangeNoVerdict judges every example with rule indexing and early exit, and without; and asks the rules
// that judge it, and all.
func TestShortCutsChangeNoVerdict(t *testing.T) {
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
	everything, err := prepare(t.Context(), decider.queries.compiler, decider.queries.store,
		`findings = data.stateward.lib.router.findings | data.stateward.lib.router.mutations`)
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
			review := reviewOf(t, document)
			input, err := review.input()
			if err != nil {
				t.Fatal(err)
			}
			query, err := decider.query(t.Context(), review)
			if err != nil {
				t.Fatal(err)
			}
			want, err := evaluate(t.Context(), query, input, newTransaction(world))
			if err != nil {
				t.Fatalf("%s: %v", example.File, err)
			}
			for how, got := range map[string]func() ([]Finding, error){
				"without the evaluator's short cuts": func() ([]Finding, error) {
					return evaluate(t.Context(), query, input, newTransaction(world), rego.EvalRuleIndexing(false), rego.EvalEarlyExit(false))
				},
				"asking every rule": func() ([]Finding, error) {
					return evaluate(t.Context(), everything, input, newTransaction(world))
				},
			} {
				got, err := got()
				if err != nil {
					t.Fatalf("%s: %s: %v", example.File, how, err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s %s (-want +got):\n%s", example.File, how, diff)
				}
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
