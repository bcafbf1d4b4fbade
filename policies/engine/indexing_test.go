package engine

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/test/examples"
)

// TestShortCutsChangeNoDecision evaluates every example with rule indexing and early exit, and without; and asks the rules
// that check it, and all.
func TestShortCutsChangeNoDecision(t *testing.T) {
	t.Parallel()
	decider, all := builtIn(t)
	compiler := compiledLibrary(t, decider)
	everything, err := prepare(t.Context(), compiler, builtInData(),
		`findings = data.stateward.lib.router.findings | data.stateward.lib.router.mutations`)
	if err != nil {
		t.Fatal(err)
	}
	requests, findings := 0, 0
	for _, example := range all {
		inv := inventoryOf(t, decider, example)
		for _, each := range example.Documents {
			request := reviewOf(t, each)
			input, err := request.input(&lazy.Reader{})
			if err != nil {
				t.Fatal(err)
			}
			set := decider.rules.of(request.kind())
			query, err := prepare(t.Context(), compiler, builtInData(), asking(set.reports, set.changes))
			if err != nil {
				t.Fatal(err)
			}
			want, err := runQuery(t.Context(), query, input, newTransaction(inv))
			if err != nil {
				t.Fatalf("%s: %v", example.File, err)
			}
			for how, got := range map[string]func() ([]Finding, error){
				"without the evaluator's short cuts": func() ([]Finding, error) {
					return runQuery(t.Context(), query, input, newTransaction(inv), rego.EvalRuleIndexing(false), rego.EvalEarlyExit(false))
				},
				"handing over the entry": func() ([]Finding, error) {
					ready := newTransaction(inv)
					ready.request = evaluated(input, request)
					return runQuery(t.Context(), query, input, ready)
				},
				"as a program": func() ([]Finding, error) {
					ready := newTransaction(inv)
					ready.request = evaluated(input, request)
					return decider.evaluate(t.Context(), set, input, ready)
				},
				"asking every rule": func() ([]Finding, error) {
					return runQuery(t.Context(), everything, input, newTransaction(inv))
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
			requests, findings = requests+1, findings+len(want)
		}
	}
	t.Logf("%d reviews with %d findings", requests, findings)
}

// evaluated is what Decide hands over; it does not even ask about what is exempt.
func evaluated(input lazy.Value, request Request) lazy.Value {
	if exempt(input, request) != "" {
		return lazy.Array(nil)
	}
	return entries(request.entry(input))
}

// TestEntryEqualsRego compares the entry that Decide hands over with what the library makes of the same input.
func TestEntryEqualsRego(t *testing.T) {
	t.Parallel()
	decider, all := builtIn(t)
	query, err := prepare(t.Context(), compiledLibrary(t, decider), builtInData(), "entries = data.stateward.lib.shape.entries")
	if err != nil {
		t.Fatal(err)
	}
	requests := []Request{
		{Kind: "Pod", Resource: "pods", Operation: "DELETE", OldObject: json.RawMessage(`{"metadata":{"name":"a","namespace":""}}`)},
		{Kind: "Pod", Resource: "pods", Operation: "CREATE", Object: json.RawMessage(`{"metadata":{"generateName":"a-","namespace":null}}`)},
		{Kind: "Pod", Object: json.RawMessage(`{"metadata":{"generateName":3,"namespace":["b"]}}`), Planned: true},
		{Kind: "Pod", Object: json.RawMessage(`{"metadata":"none"}`), Name: "named", Options: json.RawMessage(`null`)},
		{Kind: "Pod", Name: "named", Namespace: "spaced", Time: time.Unix(1800000000, 0), Options: json.RawMessage(`{"a":1}`)},
		{Kind: "Pod", Object: json.RawMessage(`{"metadata":{"name":null,"generateName":{"a":["b",1.5]}}}`)},
	}
	for _, example := range all {
		for _, each := range example.Documents {
			requests = append(requests, reviewOf(t, each))
		}
	}
	for _, request := range requests {
		input, err := request.input(&lazy.Reader{})
		if err != nil {
			t.Fatal(err)
		}
		results, err := query.Eval(t.Context(), rego.EvalParsedInput(lazy.Forced(input)), rego.EvalTransaction(newTransaction(&inventory.Snapshot{})))
		if err != nil || len(results) != 1 {
			t.Fatalf("%d results, %v", len(results), err)
		}
		want, err := ast.InterfaceToValue(results[0].Bindings["entries"])
		if err != nil {
			t.Fatal(err)
		}
		if got := lazy.Forced(entries(request.entry(input))); ast.Compare(want, got) != 0 {
			t.Errorf("made by the library %v, by Decide %v", want, got)
		}
	}
}

// builtIn is an engine of the built-in library, with all of its examples.
func builtIn(t testing.TB) (*Engine, []examples.Example) {
	t.Helper()
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
	return decider, all
}

// inventoryOf holds the documents of an example.
func inventoryOf(t testing.TB, decider *Engine, example examples.Example) *inventory.Snapshot {
	t.Helper()
	inv := inventory.NewSnapshot("default", decider.library.ManifestResources)
	for _, each := range example.Documents {
		if err := inv.Add(encoded(t, each.Object)); err != nil {
			t.Fatal(err)
		}
	}
	return inv
}

// guardrailsOf are Guardrails with this spec, as JSON.
func guardrailsOf(t testing.TB, decider *Engine, spec string) *v1alpha1.Guardrails {
	t.Helper()
	guardrails, err := v1alpha1.ParseGuardrails([]byte(`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":`+spec+`}`), decider.library)
	if err != nil {
		t.Fatal(err)
	}
	return guardrails
}

func reviewOf(t *testing.T, document unstructured.Unstructured) Request {
	t.Helper()
	if document.GetKind() == "AdmissionReview" {
		var recorded admissionv1.AdmissionReview
		if err := json.Unmarshal(encoded(t, document.Object), &recorded); err != nil {
			t.Fatal(err)
		}
		return FromAdmission(recorded.Request, time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC))
	}
	kind := document.GroupVersionKind()
	return Request{Group: kind.Group, Kind: kind.Kind, Namespace: document.GetNamespace(), Object: encoded(t, document.Object)}
}

func encoded(t testing.TB, object map[string]any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// compiledLibrary is what OPA's own evaluator asks.
func compiledLibrary(t testing.TB, decider *Engine) *ast.Compiler {
	t.Helper()
	compiler, err := compile(decider.library)
	if err != nil {
		t.Fatal(err)
	}
	return compiler
}

// builtInData is the data of an engine without Guardrails.
func builtInData() *store { return &store{guardrails: ast.NewObject()} }
