package parity_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/forecast"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/examples"
	"github.com/stateward/stateward/webhook/preview"
)

// TestRulesAndForecastsAgree compares what messages of rules say of pods, claims and names with the forecast of the same
// request, in all examples that are requests.
func TestRulesAndForecastsAgree(t *testing.T) {
	t.Parallel()
	root, err := cluster.Root()
	if err != nil {
		t.Fatal(err)
	}
	all, err := examples.Read(filepath.Join(root, "policies"))
	if err != nil {
		t.Fatal(err)
	}
	compared := map[string]int{}
	for _, example := range append(all, recorded(t, root)...) {
		handlers := newHandlers(t, example.Guardrails)
		for _, document := range example.Documents {
			if document.GetKind() != "AdmissionReview" {
				continue
			}
			request, now := requestOf(t, document)
			if string(request.Operation) == policies.Inspect {
				// An audit changes nothing.
				continue
			}
			found := handlers.decide(t, request, example.Documents, now)
			made := forecastOf(t, request, example.Documents, now)
			for _, each := range found {
				name := strings.TrimPrefix(example.File, root) + " " + each.Rule
				compare, known := effects()[each.Rule]
				if !known {
					if _, otherwise := unforeseen()[each.Rule]; !otherwise && made.names(each.What) {
						t.Errorf("%s: the message names what the forecast is about, and no comparison is known: %s", name, each.What)
					}
					continue
				}
				switch difference, applies := compare(lost(each.What), made); {
				case !applies:
				case difference != "":
					t.Errorf("%s: %s\nmessage:  %s\nforecast: %s", name, difference, each.What, strings.Join(made.preview.Lines(), "\n          "))
				default:
					compared[each.Rule]++
				}
			}
		}
	}
	total := 0
	for rule := range effects() {
		if compared[rule] == 0 {
			t.Errorf("no example lets the message of %s be compared", rule)
		}
		total += compared[rule]
	}
	t.Logf("%d messages of %d rules equal the forecasts of their requests: %v", total, len(compared), compared)
}

// recorded are the requests of a real API server, each with the StatefulSet and what it deletes.
func recorded(t *testing.T, root string) (all []examples.Example) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "test", "testdata", "reviews", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	set := review(t, filepath.Join(root, "test", "testdata", "reviews", "11-delete-background.json"))
	for _, file := range files {
		each := review(t, file)
		example := examples.Example{File: file, Documents: []unstructured.Unstructured{each, deletedBy(t, set)}}
		if operation, _, _ := unstructured.NestedString(each.Object, "request", "operation"); operation == "DELETE" {
			example.Documents = append(example.Documents, deletedBy(t, each))
		}
		all = append(all, example)
	}
	return all
}

func review(t *testing.T, file string) (document unstructured.Unstructured) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(raw, &document.Object)
	}
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func deletedBy(t *testing.T, review unstructured.Unstructured) unstructured.Unstructured {
	t.Helper()
	old, found, err := unstructured.NestedMap(review.Object, "request", "oldObject")
	if err != nil || !found {
		t.Fatal(found, err)
	}
	return unstructured.Unstructured{Object: old}
}

func (h handlers) decide(t *testing.T, request admissionv1.AdmissionRequest, documents []unstructured.Unstructured, now time.Time) []engine.Finding {
	t.Helper()
	inv := h.inventoryOf(t, documents)
	review := engine.FromAdmission(&request, now)
	review.Phase = engine.ValidatingPhase
	decision, err := h.engine.Decide(context.WithoutCancel(t.Context()), review, inv)
	if err != nil {
		t.Fatal(err)
	}
	return decision.Findings
}

// foreseen is the forecast of a request, and what it starts from.
type foreseen struct {
	request admissionv1.AdmissionRequest
	preview preview.Preview
	// change is the only one; nil for none or several.
	change    *preview.Change
	inventory *existing
}

// all of the feature gates are on, since rules speak of what they allow.
func gates() forecast.Gates { return forecast.Gates{MaxUnavailable: true, Recreate: true} }

func forecastOf(t *testing.T, request admissionv1.AdmissionRequest, documents []unstructured.Unstructured, now time.Time) foreseen {
	t.Helper()
	inventory := newExisting(t, request, documents, now)
	made, err := preview.Make(&request, inventory, gates())
	if err != nil && !errors.Is(err, preview.ErrNoStatefulSet) {
		t.Fatalf("forecast %s of %s %s: %v", request.Operation, request.Resource.Resource, request.Name, err)
	}
	seen := foreseen{request: request, preview: made, inventory: inventory}
	if len(made.Changes) == 1 {
		seen.change = &made.Changes[0]
	}
	return seen
}

// names reports whether a message names a pod or claim of a StatefulSet.
func (f foreseen) names(message string) bool {
	for _, word := range words(message) {
		for _, set := range f.inventory.sets {
			if set.HasPod(word) || set.HasClaim(word) {
				return true
			}
		}
	}
	return false
}

// lost is a message without what brings data back, which no forecast says.
func lost(message string) string {
	for _, back := range []string{"; reclaim policy Retain keeps", "; snapshots", "; snapshot \"", "; nothing known here"} {
		message, _, _ = strings.Cut(message, back)
	}
	return message
}
