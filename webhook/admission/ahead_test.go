package admission

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
)

// hasty is an inventory that guesses that there is no Service until it has looked.
type hasty struct {
	followed
	looked bool
	rounds int
}

func (h *hasty) Ahead(context.Context) (inventory.Live, func() bool) {
	return h, func() bool {
		right := h.looked
		h.looked = true
		h.rounds++
		return right
	}
}

func (h *hasty) Get(ctx context.Context, resource, namespace, name string) (ast.Value, error) {
	if resource == "services" && !h.looked {
		return nil, nil
	}
	return h.followed.Get(ctx, resource, namespace, name)
}

// TestHandlerDecidesAgainAfterAWrongGuess also compares what is recorded: a replay must have the right answers.
func TestHandlerDecidesAgainAfterAWrongGuess(t *testing.T) {
	t.Parallel()
	handler := newHandler(t, engine.ValidatingPhase)
	request := admission.Request{AdmissionRequest: *recording(t, "10-create-statefulset.json")}
	want := handler.Handle(t.Context(), request)
	guessing := &hasty{followed: followed{tutorial(t)}}
	handler.Policy = fixed(decider(t), guessing)
	got := handler.Handle(t.Context(), request)
	if diff := cmp.Diff(want, got); diff != "" || guessing.rounds != 2 {
		t.Errorf("after %d evaluations (-want +got):\n%s", guessing.rounds, diff)
	}
}

// hung is an inventory that gets no answer about a Service while there is time to read.
type hung struct {
	followed
	// late is an error when the time to read is over.
	late func() error
}

func (h *hung) Ahead(ctx context.Context) (inventory.Live, func() bool) {
	h.late = ctx.Err
	return h, func() bool {
		late := ctx.Err() != nil
		<-ctx.Done()
		return late
	}
}

func (h *hung) Get(ctx context.Context, resource, namespace, name string) (ast.Value, error) {
	switch {
	case resource == "services" && h.late() != nil:
		return nil, engine.ErrDeadline
	case resource == "services":
		return nil, nil
	}
	return h.followed.Get(ctx, resource, namespace, name)
}

func TestHandlerNamesTheLookUpThatWasTooLate(t *testing.T) {
	t.Parallel()
	handler := newHandler(t, engine.ValidatingPhase)
	handler.Policy = fixed(decider(t), &hung{followed: followed{tutorial(t)}})
	request := admission.Request{AdmissionRequest: *recording(t, "10-create-statefulset.json")}
	synctest.Test(t, func(t *testing.T) {
		got := handler.Handle(t.Context(), request)
		want := "stateward: could not evaluate: evaluate rules: look up services default/nginx: evaluation ran out of time"
		if got.Allowed || got.Result.Code != http.StatusGatewayTimeout || got.Result.Message != want {
			t.Errorf("got %d %q: want %d %q", got.Result.Code, got.Result.Message, http.StatusGatewayTimeout, want)
		}
	})
}

func TestEvaluationsThatAreRepeatedRecordTheLast(t *testing.T) {
	t.Parallel()
	reads := func(inv inventory.Inventory, times int) *inventory.Recording {
		prepared, err := decider(t).Prepare(engine.FromAdmission(recording(t, "10-create-statefulset.json"), now))
		if err != nil {
			t.Fatal(err)
		}
		recorded, timed := prepared.Record(), prepared.Time()
		for range times {
			if _, err := decider(t).Evaluate(t.Context(), prepared, inv); err != nil {
				t.Fatal(err)
			}
			if guessing, is := inv.(*hasty); is {
				guessing.looked = true
			}
		}
		if len(timed.List) == 0 || timed.List[0].Rule == timed.List[len(timed.List)-1].Rule {
			t.Errorf("%d times are recorded", len(timed.List))
		}
		return recorded
	}
	want, got := reads(followed{tutorial(t)}, 1), reads(&hasty{followed: followed{tutorial(t)}}, 2)
	if diff := cmp.Diff(paths(want), paths(got)); diff != "" || len(got.Reads) == 0 {
		t.Errorf("read (-want +got):\n%s", diff)
	}
}

// paths are what was read, with the version of each object.
func paths(recorded *inventory.Recording) (paths [][]string) {
	for _, read := range recorded.Reads {
		version := "none"
		if read.Value != nil {
			version = inventory.Version(read.Value)
		}
		paths = append(paths, append(read.Path, version))
	}
	return paths
}
