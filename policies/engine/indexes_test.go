package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
)

// walking is an inventory without label indexes: a look-up by labels returns every object.
type walking struct{ *inventory.Snapshot }

func (i walking) Selecting(ctx context.Context, resource, namespace string, _ inventory.Labels) (ast.Value, error) {
	return i.List(ctx, resource, namespace)
}

func (i walking) Labelled(ctx context.Context, resource, namespace string, _ inventory.Labels) (ast.Value, error) {
	return i.List(ctx, resource, namespace)
}

// FuzzIndexesChangeNoDecision evaluates workloads, budgets and Services with whatever labels and selectors in an inventory with
// indexes and in one that walks.
func FuzzIndexesChangeNoDecision(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	decider := newEngine(f, nil)
	f.Fuzz(func(t *testing.T, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		snapshot := inventory.NewSnapshot("default", decider.Library().ManifestResources)
		var requests []engine.Request
		for index := range 12 {
			request := anything(t, random, index)
			if err := snapshot.Add(request.Object); err != nil {
				t.Fatal(err)
			}
			requests = append(requests, request)
			request.Operation = "CREATE"
			requests = append(requests, request)
		}
		for _, request := range requests {
			want, wantErr := decider.Decide(t.Context(), request, walking{snapshot})
			got, gotErr := decider.Decide(t.Context(), request, snapshot)
			if diff := cmp.Diff(want, got); diff != "" || fmt.Sprint(wantErr) != fmt.Sprint(gotErr) {
				t.Errorf("%s %s: with indexes %v, without %v (-without +with):\n%s", request.Operation, request.Object, gotErr, wantErr, diff)
			}
		}
	})
}

// anything is an object with few labels to choose from, so that many overlap; some are none. Two may have one name.
func anything(t *testing.T, random *rand.Rand, index int) engine.Request {
	request := pick(random, []engine.Request{
		{Group: "apps", Kind: "StatefulSet", Resource: "statefulsets"}, {Group: "apps", Kind: "StatefulSet", Resource: "statefulsets"},
		{Group: "apps", Kind: "Deployment", Resource: "deployments"}, {Kind: "Service", Resource: "services"},
		{Group: "policy", Kind: "PodDisruptionBudget", Resource: "poddisruptionbudgets"},
	})
	spec := map[string]any{
		"replicas": 2, "selector": anySelector(random, request.Kind),
		"template":       map[string]any{"metadata": map[string]any{"labels": anyLabels(random)}},
		"maxUnavailable": pick(random, []any{1, 0, nil}), "minAvailable": pick(random, []any{nil, 2}),
	}
	if request.Kind == "Service" {
		spec = map[string]any{"clusterIP": "None", "selector": anyLabels(random)}
	}
	version := "v1"
	if request.Group != "" {
		version = request.Group + "/v1"
	}
	request.Namespace, request.Name = "default", fmt.Sprintf("web-%d", index*random.IntN(2))
	object, err := json.Marshal(map[string]any{
		"apiVersion": version, "kind": request.Kind, "metadata": map[string]any{"name": request.Name, "namespace": request.Namespace}, "spec": spec,
	})
	if err != nil {
		t.Fatal(err)
	}
	request.Object = object
	return request
}

func anySelector(random *rand.Rand, kind string) any {
	if kind == "Service" {
		return anyLabels(random)
	}
	expressions := []any{map[string]any{
		"key": pick(random, []string{"app", "tier"}), "operator": pick(random, []string{"In", "NotIn", "Exists", "DoesNotExist"}), "values": []any{"a"},
	}}
	return pick(random, []any{
		map[string]any{"matchLabels": anyLabels(random)}, map[string]any{"matchLabels": anyLabels(random)},
		map[string]any{"matchLabels": anyLabels(random), "matchExpressions": expressions}, map[string]any{"matchExpressions": expressions},
		map[string]any{}, nil, "app=a",
	})
}

func anyLabels(random *rand.Rand) any {
	labels := map[string]any{}
	for _, key := range []string{"app", "tier", "zone"} {
		if value := pick(random, []any{"a", "a", "b", nil}); value != nil {
			labels[key] = value
		}
	}
	return pick(random, []any{labels, labels, labels, labels, labels, map[string]any{}, nil, map[string]any{"app": 1}, []any{"app"}})
}

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }
