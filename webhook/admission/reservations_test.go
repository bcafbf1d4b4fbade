package admission

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
)

// followed is an inventory in memory that may be asked for versions.
type followed struct{ *inventory.Snapshot }

func (f followed) GetAtVersion(ctx context.Context, resource, namespace, name, _ string) (ast.Value, error) {
	return f.Get(ctx, resource, namespace, name)
}

// storedSet is a StatefulSet as the API server has it.
func storedSet(name, version string, generation int, label string) json.RawMessage {
	return fmt.Appendf(nil, `{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":%q,"namespace":"data","resourceVersion":%q,"generation":%d,"labels":{%q:%q}}}`,
		name, version, generation, groupLabel, label)
}

func TestReservationsOfEarlierUpdatesCount(t *testing.T) {
	t.Parallel()
	reservations := &Reservations{}
	first := reservations.begin(reservation{key: "data/a"}, now)
	second := reservations.begin(reservation{key: "data/b"}, now)
	if diff := cmp.Diff([][]string{nil, {"data/a"}, nil}, [][]string{seen(reservations, first, now), seen(reservations, second, now), seen(reservations, 0, now)}); diff != "" {
		t.Errorf("undecided (-want +got):\n%s", diff)
	}
	reservations.settle(first, true, now)
	reservations.settle(second, false, now)
	later := now.Add(reservedFor)
	third := reservations.begin(reservation{key: "data/c"}, later)
	if diff := cmp.Diff([][]string{{"data/a"}, {"data/a"}, nil}, [][]string{
		seen(reservations, third, later), seen(reservations, 0, later), seen(reservations, third, later.Add(1)),
	}); diff != "" {
		t.Errorf("decided (-want +got):\n%s", diff)
	}
}

func TestReservationsAreBounded(t *testing.T) {
	t.Parallel()
	reservations := &Reservations{}
	for range mostReserved {
		reservations.begin(reservation{}, now)
	}
	if order := reservations.begin(reservation{}, now); order != 0 {
		t.Errorf("got order %d beyond the bound", order)
	}
	reservations.settle(0, true, now)
	if order := reservations.begin(reservation{}, now.Add(reservedFor+1)); order == 0 {
		t.Error("what has ended still takes room")
	}
}

func seen(reservations *Reservations, order int, at time.Time) (keys []string) {
	for _, update := range reservations.before(order, at) {
		keys = append(keys, update.key)
	}
	return keys
}

func TestReservedInventoryShowsUpdatesBeforeTheyAreWritten(t *testing.T) {
	t.Parallel()
	snapshot := inventory.NewSnapshot("data", []string{"statefulsets"})
	for _, set := range []json.RawMessage{storedSet("a", "1", 1, "db"), storedSet("b", "2", 2, "db"), storedSet("c", "3", 1, "web")} {
		if err := snapshot.Add(set); err != nil {
			t.Fatal(err)
		}
	}
	update := func(name, version string, label string) reservation {
		return reservation{key: "data/" + name, namespace: "data", version: version, object: storedSet(name, version, 9, label)}
	}
	const label = `{"matchLabels":{"` + groupLabel + `":"db"}}`
	for name, test := range map[string]struct {
		namespace string
		updates   []reservation
		want      map[string]string
	}{
		"none":               {"data", nil, map[string]string{"data/a": "1", "data/b": "2"}},
		"not written":        {"data", []reservation{update("a", "1", "db")}, map[string]string{"data/a": "9", "data/b": "2"}},
		"written":            {"data", []reservation{update("a", "0", "db")}, map[string]string{"data/a": "1", "data/b": "2"}},
		"joins":              {"data", []reservation{update("c", "3", "db")}, map[string]string{"data/a": "1", "data/b": "2", "data/c": "9"}},
		"leaves":             {"data", []reservation{update("a", "1", "web")}, map[string]string{"data/a": "1", "data/b": "2"}},
		"another namespace":  {"shop", []reservation{update("a", "1", "db")}, map[string]string{}},
		"in every namespace": {"", []reservation{update("a", "1", "db")}, map[string]string{"data/a": "9", "data/b": "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := reservedInventory{followed{snapshot}, decider(t), test.updates}.Matching(t.Context(), test.namespace, label)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			found.(ast.Object).Foreach(func(key, set *ast.Term) {
				generation, err := set.Value.Find(ast.Ref{ast.StringTerm("metadata"), ast.StringTerm("generation")})
				if err != nil {
					t.Error(err)
				}
				got[string(key.Value.(ast.String))] = fmt.Sprint(generation)
			})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("generations (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHandlerReservesUpdatesOfRolloutGroups(t *testing.T) {
	t.Parallel()
	request := func(changes ...func(*admissionv1.AdmissionRequest)) *admissionv1.AdmissionRequest {
		made := &admissionv1.AdmissionRequest{Operation: admissionv1.Update, Kind: metav1.GroupVersionKind{Group: "apps", Version: "v1", Kind: "StatefulSet"}, Namespace: "data"}
		made.OldObject.Raw, made.Object.Raw = storedSet("a", "1", 1, "db"), storedSet("a", "1", 2, "db")
		for _, change := range changes {
			change(made)
		}
		return made
	}
	yes := true
	for name, test := range map[string]struct {
		request  *admissionv1.AdmissionRequest
		phase    engine.Phase
		admitted bool
		want     []string
	}{
		"admitted":         {request(), engine.ValidatingPhase, true, []string{"data/a"}},
		"denied":           {request(), engine.ValidatingPhase, false, nil},
		"not decided here": {request(), engine.MutatingPhase, true, nil},
		"a dry run":        {request(func(r *admissionv1.AdmissionRequest) { r.DryRun = &yes }), engine.ValidatingPhase, true, nil},
		"the same spec":    {request(func(r *admissionv1.AdmissionRequest) { r.Object.Raw = r.OldObject.Raw }), engine.ValidatingPhase, true, nil},
		"a creation":       {request(func(r *admissionv1.AdmissionRequest) { r.Operation = admissionv1.Create }), engine.ValidatingPhase, true, nil},
		"no object":        {request(func(r *admissionv1.AdmissionRequest) { r.Object.Raw = []byte(groupLabel) }), engine.ValidatingPhase, true, nil},
		"no group": {request(func(r *admissionv1.AdmissionRequest) {
			r.Object.Raw = []byte(`{"metadata":{"name":"a","generation":2}}`)
		}), engine.ValidatingPhase, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler := &Handler{Phase: test.phase, Now: func() time.Time { return now }, Reservations: &Reservations{}}
			policy := &Policy{Engine: decider(t), Inventory: followed{inventory.NewSnapshot("data", nil)}}
			_, settle := handler.reserve(t.Context(), policy, policy.Inventory, test.request)
			settle(test.admitted)
			if diff := cmp.Diff(test.want, seen(handler.Reservations, 0, now)); diff != "" {
				t.Errorf("reserved (-want +got):\n%s", diff)
			}
		})
	}
}
