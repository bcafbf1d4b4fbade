package engine

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/stateward/stateward/policies/engine/inventory"
	admissionv1 "k8s.io/api/admission/v1"
)

// recordedCreation creates a StatefulSet whose Service is not there, with an image that may change.
func recordedCreation(t *testing.T) Request {
	t.Helper()
	raw, err := os.ReadFile("../../test/testdata/reviews/10-create-statefulset.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded admissionv1.AdmissionReview
	if err := json.Unmarshal(raw, &recorded); err != nil {
		t.Fatal(err)
	}
	request := FromAdmission(recorded.Request, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	request.Phase = ValidatingPhase
	return request
}

func TestRecordingHoldsWhatWasReadAndWhatWasAbsent(t *testing.T) {
	t.Parallel()
	decider, _ := builtIn(t)
	read, err := decider.Prepare(recordedCreation(t))
	if err != nil {
		t.Fatal(err)
	}
	recording := read.Record()
	if _, err := decider.Evaluate(t.Context(), read, inventory.NewSnapshot("default", []string{"services"})); err != nil {
		t.Fatal(err)
	}
	index := slices.IndexFunc(recording.Reads, func(each inventory.Read) bool {
		return slices.Equal(each.Path, []string{"services", "default", "nginx"})
	})
	if index < 0 || recording.Reads[index].Value != nil || recording.Reads[index].Many {
		t.Errorf("the Service that is missing is not recorded as absent: %v", recording.Reads)
	}
	if !slices.ContainsFunc(recording.Reads, func(each inventory.Read) bool { return each.Many && each.Path[0] == "selecting" }) {
		t.Errorf("no look-up of an index is recorded: %v", recording.Reads)
	}
	if !slices.Contains(recording.Unknown, "statefulsets") || slices.Contains(recording.Unknown, "services") {
		t.Errorf("unknown resources: %v", recording.Unknown)
	}
}

// changing answers differently each time.
type changing struct {
	inventory.Inventory
	answers int
}

func (c *changing) Get(context.Context, string, string, string) (ast.Value, error) {
	c.answers++
	return ast.NewObject(ast.Item(ast.StringTerm("answer"), ast.IntNumberTerm(c.answers))), nil
}

func TestRecordingGivesTheFirstAnswerAgain(t *testing.T) {
	t.Parallel()
	inv := (&inventory.Recording{}).Of(&changing{Inventory: inventory.NewSnapshot("default", nil)})
	for range 2 {
		found, err := inv.Get(t.Context(), "services", "default", "web")
		if err != nil || found.String() != `{"answer": 1}` {
			t.Errorf("got %v, %v", found, err)
		}
	}
}

// without does not hold the objects of one resource.
type without struct {
	inventory.Inventory
	resource string
}

func (w without) Get(ctx context.Context, resource, namespace, name string) (ast.Value, error) {
	if resource == w.resource {
		return nil, &inventory.NotRecordedError{Path: inventory.ObjectPath(resource, namespace, name)}
	}
	return w.Inventory.Get(ctx, resource, namespace, name)
}

func TestRuleThatReadsWhatIsNotRecordedIsUndecided(t *testing.T) {
	t.Parallel()
	decider, _ := builtIn(t)
	inv := inventory.NewSnapshot("default", decider.Reads())
	request := recordedCreation(t)
	whole, err := decider.Decide(t.Context(), request, inv)
	if err != nil {
		t.Fatal(err)
	}
	part, err := decider.Decide(t.Context(), request, without{inv, "services"})
	if err != nil {
		t.Fatal(err)
	}
	var undecided []string
	for _, each := range part.Undecided {
		if each.Resource != "services" {
			t.Errorf("undecided: %v", each)
		}
		undecided = append(undecided, each.Rule)
	}
	if !slices.Contains(undecided, "headless-service") {
		t.Errorf("undecided are %v", undecided)
	}
	want := slices.DeleteFunc(whole.Findings, func(each Finding) bool { return slices.Contains(undecided, each.Rule) })
	if diff := cmp.Diff(want, part.Findings); diff != "" || len(want) == 0 {
		t.Errorf("findings of the other rules (-want +got):\n%s", diff)
	}
}

func TestNotRecordedErrorNamesTheResource(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		path []string
		want string
	}{
		{inventory.ObjectPath("services", "default", "web"), "services"},
		{inventory.ObjectPath("storageclasses", "", "fast"), "storageclasses"},
		{inventory.ListPath("pods", "default"), "pods"},
		{inventory.IndexPath("governed", "default", "web"), "statefulsets"},
		{inventory.IndexPath("mounting", "default", "data"), "pods"},
		{inventory.LabelsPath("labelled", "deployments", "default", inventory.Labels{"a": "b"}), "deployments"},
		{nil, ""},
	} {
		if got := (&inventory.NotRecordedError{Path: test.path}).Resource(); got != test.want {
			t.Errorf("%v: %q instead of %q", test.path, got, test.want)
		}
	}
}
