package evaluate

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// identities are a namespace with all that an inventory finds by more than a name, and then some; the name of each object is
// that of its entry.
func identities() []identity {
	return []identity{
		{"v1", "Service", "", "web"},
		{"v1", "Service", "", "nameless"},
		{"v1", "Service", "other", "web"},
		{"apps/v1", "StatefulSet", "", "web"},
		{"apps/v1", "StatefulSet", "", "db"},
		{"apps/v1", "StatefulSet", "", "wrong"},
		{"apps/v1", "Deployment", "", "web"},
		{"policy/v1", "PodDisruptionBudget", "", "web"},
		{"storage.k8s.io/v1", "StorageClass", "", "fast"},
		{"v1", "ConfigMap", "", "web"},
	}
}

func specOf(object identity) string {
	switch object.kind + "/" + object.name {
	case "Service/web", "Service/nameless":
		return `{"selector": {"app": "web"}}`
	case "StatefulSet/web", "Deployment/web":
		return `{"serviceName": "web", "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web", "tier": "a"}}}}`
	case "StatefulSet/db":
		return `{"serviceName": "web", "template": {"metadata": {"labels": {"app": "db", "tier": "a"}}}}`
	case "StatefulSet/wrong":
		return `{"serviceName": 7, "selector": {"matchLabels": {"app": ["web"]}}, "template": null}`
	default:
		return `{"selector": {}}`
	}
}

// TestInventoryAnswersLikeASnapshot holds both together, with more objects than are kept as Rego sees them.
func TestInventoryAnswersLikeASnapshot(t *testing.T) {
	t.Parallel()
	objects := identities()
	for index := range decodedObjects {
		objects = append(objects, identity{"v1", "Service", "", fmt.Sprintf("more-%d", index)})
	}
	known := []string{"services", "statefulsets"}
	snapshot, inv := inventory.NewSnapshot("default", known), newInventory("default", known, lazy.ParseObject)
	var adding sync.WaitGroup
	for index, object := range objects {
		raw := json.RawMessage(fmt.Sprintf(`{"apiVersion": %q, "kind": %q, "metadata": {"namespace": %q, "name": %q}, "spec": %s}`,
			object.apiVersion, object.kind, object.namespace, object.name, specOf(object)))
		if err := snapshot.Add(raw); err != nil {
			t.Fatal(err)
		}
		adding.Go(func() {
			if _, err := inv.add(index, object, raw); err != nil {
				t.Error(err)
			}
		})
	}
	adding.Wait()
	for question, ask := range map[string]func(context.Context, inventory.Inventory) (ast.Value, error){
		"an object": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.Get(ctx, "services", "default", "web")
		},
		"an object that was added first of many": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.Get(ctx, "services", "other", "web")
		},
		"none of that name": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.Get(ctx, "services", "default", "db")
		},
		"none in that namespace": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.Get(ctx, "services", "none", "web")
		},
		"one of the whole cluster": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.Get(ctx, "storageclasses", "", "fast")
		},
		"all of a resource": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.List(ctx, "services", "default")
		},
		"all of the cluster": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.List(ctx, "storageclasses", "")
		},
		"what is not asked for": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.List(ctx, "configmaps", "default")
		},
		"by Service": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.Governed(ctx, "default", "web")
		},
		"by a Service that no set names": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.Governed(ctx, "default", "db")
		},
		"what selects a pod": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.Selecting(ctx, "services", "default", inventory.Labels{"app": "web", "tier": "a"})
		},
		"what selects a pod without labels": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.Selecting(ctx, "poddisruptionbudgets", "default", nil)
		},
		"workloads that select a pod": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.Selecting(ctx, "statefulsets", "default", inventory.Labels{"app": "db", "tier": "a"})
		},
		"workloads by a label": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.Labelled(ctx, "statefulsets", "default", inventory.Labels{"tier": "a"})
		},
		"workloads by two labels": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.Labelled(ctx, "statefulsets", "default", inventory.Labels{"tier": "a", "app": "web"})
		},
		"workloads by labels that no pod has together": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.Labelled(ctx, "deployments", "default", inventory.Labels{"tier": "a", "app": "db"})
		},
		"workloads by no label": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.Labelled(ctx, "statefulsets", "default", nil)
		},
		"sets by their own labels": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.Matching(ctx, "default", `{"matchExpressions":[{"key":"group","operator":"DoesNotExist"}]}`)
		},
		"sets of all namespaces": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.Matching(ctx, "", `{}`)
		},
		"no sets by their own labels": func(ctx context.Context, w inventory.Inventory) (ast.Value, error) {
			return w.Matching(ctx, "default", `{"matchLabels":{"group":"db"}}`)
		},
		"whether services are known": func(_ context.Context, w inventory.Inventory) (ast.Value, error) {
			return ast.Boolean(w.Knows("services")), nil
		},
		"whether deployments are known": func(_ context.Context, w inventory.Inventory) (ast.Value, error) {
			return ast.Boolean(w.Knows("deployments")), nil
		},
	} {
		t.Run(question, func(t *testing.T) {
			t.Parallel()
			want, err := ask(t.Context(), snapshot)
			if err != nil {
				t.Fatal(err)
			}
			got, err := ask(t.Context(), inv)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(got)); diff != "" {
				t.Errorf("answer (-snapshot +world):\n%s", diff)
			}
		})
	}
}

func TestInventoryKeepsTheLastObjectOfAName(t *testing.T) {
	t.Parallel()
	const service = `{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": %q}}}`
	inv := newInventory("default", nil, lazy.ParseObject)
	for _, order := range []int{1, 2, 0} {
		raw := json.RawMessage(fmt.Sprintf(service, fmt.Sprint("app-", order)))
		if _, err := inv.add(order, identity{"v1", "Service", "", "web"}, raw); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]string{
		"app-0": "{}", "app-1": "{}",
		"app-2": `{"web": {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": "app-2"}}}}`,
	}
	got := map[string]string{}
	for app := range want {
		found, err := inv.Selecting(t.Context(), "services", "default", inventory.Labels{"app": app})
		if err != nil {
			t.Fatal(err)
		}
		got[app] = fmt.Sprint(found)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}
