package engine

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
)

const stepsFile = "testdata/steps.json"

// TestStepsOfADecisionEqualTheBaseline is a gate for speed that does not depend on the load of the machine. After an
// improvement, record the new numbers with `make bench-check UPDATE=1`.
func TestStepsOfADecisionEqualTheBaseline(t *testing.T) {
	t.Parallel()
	decider, _ := builtIn(t)
	got := map[string]int{}
	for name, file := range map[string]string{
		"update": "04-image-patch.json", "scale": "02-scale-up.json", "create": "10-create-statefulset.json", "delete": "11-delete-background.json",
	} {
		got[name] = stepsOf(t, decider, "../../test/testdata/reviews/"+file)
	}
	if *update {
		encoded, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(stepsFile, append(encoded, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	encoded, err := os.ReadFile(stepsFile)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]int
	if err := json.Unmarshal(encoded, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-baseline +now); if that is meant, run `make bench-check UPDATE=1`:\n%s", diff)
	}
}

// stepsOf is how many steps of the program the rules take that check a recorded request.
func stepsOf(t *testing.T, decider *Engine, file string) int {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var recorded admissionv1.AdmissionReview
	if err := json.Unmarshal(raw, &recorded); err != nil {
		t.Fatal(err)
	}
	request := FromAdmission(recorded.Request, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	input, err := request.input(&lazy.Reader{})
	if err != nil {
		t.Fatal(err)
	}
	set := decider.rules.of(request.kind()).narrowed(input)
	txn := newTransaction(inventory.NewSnapshot("default", []string{"services", "statefulsets"}))
	txn.request = evaluated(input, request)
	run := decider.evaluator.(*planEvaluator).start(t.Context(), input, txn)
	defer run.End()
	for _, document := range append(set.reports, set.changes...) {
		if _, err := run.Call(document); err != nil {
			t.Fatal(err)
		}
	}
	return run.Steps()
}
