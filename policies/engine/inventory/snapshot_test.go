package inventory_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/inventory"
)

// identities are a namespace with all that an inventory finds by more than a name, and then some; the name of each object is
// that of its entry.
func identities() []inventory.Identity {
	return []inventory.Identity{
		{APIVersion: "v1", Kind: "Service", Namespace: "", Name: "web"},
		{APIVersion: "v1", Kind: "Service", Namespace: "", Name: "nameless"},
		{APIVersion: "v1", Kind: "Service", Namespace: "other", Name: "web"},
		{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: "", Name: "web"},
		{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: "", Name: "db"},
		{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: "", Name: "wrong"},
		{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "", Name: "web"},
		{APIVersion: "policy/v1", Kind: "PodDisruptionBudget", Namespace: "", Name: "web"},
		{APIVersion: "storage.k8s.io/v1", Kind: "StorageClass", Namespace: "", Name: "fast"},
		{APIVersion: "v1", Kind: "ConfigMap", Namespace: "", Name: "web"},
	}
}

func specOf(object inventory.Identity) string {
	switch object.Kind + "/" + object.Name {
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

// many are more objects than are kept as Rego sees them.
const many = 600

// TestSnapshotFindsObjects asks for the names of what is found; each object is that of its name.
func TestSnapshotFindsObjects(t *testing.T) {
	t.Parallel()
	objects := identities()
	for index := range many {
		objects = append(objects, inventory.Identity{APIVersion: "v1", Kind: "Service", Namespace: "more", Name: fmt.Sprintf("more-%d", index)})
	}
	inv := inventory.NewSnapshot("default", []string{"services", "statefulsets"})
	var adding sync.WaitGroup
	for index, object := range objects {
		raw := json.RawMessage(fmt.Sprintf(`{"apiVersion": %q, "kind": %q, "metadata": {"namespace": %q, "name": %q}, "spec": %s}`,
			object.APIVersion, object.Kind, object.Namespace, object.Name, specOf(object)))
		adding.Go(func() {
			if _, err := inv.AddAs(index, object, raw); err != nil {
				t.Error(err)
			}
		})
	}
	adding.Wait()
	type asks func(context.Context) (ast.Value, error)
	for question, test := range map[string]struct {
		ask  asks
		want []string
	}{
		"all of a resource":              {func(ctx context.Context) (ast.Value, error) { return inv.List(ctx, "services", "default") }, []string{"nameless", "web"}},
		"all of the cluster":             {func(ctx context.Context) (ast.Value, error) { return inv.List(ctx, "storageclasses", "") }, []string{"fast"}},
		"what is not asked for":          {func(ctx context.Context) (ast.Value, error) { return inv.List(ctx, "configmaps", "default") }, nil},
		"by Service":                     {func(ctx context.Context) (ast.Value, error) { return inv.Governed(ctx, "default", "web") }, []string{"db", "web"}},
		"by a Service that no set names": {func(ctx context.Context) (ast.Value, error) { return inv.Governed(ctx, "default", "db") }, nil},
		"what selects a pod": {func(ctx context.Context) (ast.Value, error) {
			return inv.Selecting(ctx, "services", "default", inventory.Labels{"app": "web", "tier": "a"})
		}, []string{"nameless", "web"}},
		"what selects a pod without labels": {func(ctx context.Context) (ast.Value, error) {
			return inv.Selecting(ctx, "poddisruptionbudgets", "default", nil)
		}, []string{"web"}},
		"workloads that select a pod": {func(ctx context.Context) (ast.Value, error) {
			return inv.Selecting(ctx, "statefulsets", "default", inventory.Labels{"app": "db", "tier": "a"})
		}, []string{"db", "wrong"}},
		"workloads by a label": {func(ctx context.Context) (ast.Value, error) {
			return inv.Labelled(ctx, "statefulsets", "default", inventory.Labels{"tier": "a"})
		}, []string{"db", "web"}},
		"workloads by two labels": {func(ctx context.Context) (ast.Value, error) {
			return inv.Labelled(ctx, "statefulsets", "default", inventory.Labels{"tier": "a", "app": "web"})
		}, []string{"web"}},
		"workloads by labels that no pod has together": {func(ctx context.Context) (ast.Value, error) {
			return inv.Labelled(ctx, "deployments", "default", inventory.Labels{"tier": "a", "app": "db"})
		}, nil},
		"workloads by no label": {func(ctx context.Context) (ast.Value, error) {
			return inv.Labelled(ctx, "statefulsets", "default", nil)
		}, []string{"db", "web", "wrong"}},
		"sets by their own labels": {func(ctx context.Context) (ast.Value, error) {
			return inv.Matching(ctx, "default", `{"matchExpressions":[{"key":"group","operator":"DoesNotExist"}]}`)
		}, []string{"default/db", "default/web", "default/wrong"}},
		"sets of all namespaces": {func(ctx context.Context) (ast.Value, error) { return inv.Matching(ctx, "", `{}`) }, []string{"default/db", "default/web", "default/wrong"}},
		"no sets by their own labels": {func(ctx context.Context) (ast.Value, error) {
			return inv.Matching(ctx, "default", `{"matchLabels":{"group":"db"}}`)
		}, nil},
	} {
		t.Run(question, func(t *testing.T) {
			t.Parallel()
			found, err := test.ask(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, namesIn(found)); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
}

func namesIn(found ast.Value) (names []string) {
	object, _ := found.(ast.Object)
	for _, key := range object.Keys() {
		name, _ := key.Value.(ast.String)
		names = append(names, string(name))
	}
	slices.Sort(names)
	return names
}

func TestSnapshotGetsOneObject(t *testing.T) {
	t.Parallel()
	inv := inventory.NewSnapshot("default", []string{"services", "statefulsets"})
	for _, object := range identities() {
		raw := fmt.Sprintf(`{"apiVersion": %q, "kind": %q, "metadata": {"namespace": %q, "name": %q}}`, object.APIVersion, object.Kind, object.Namespace, object.Name)
		if err := inv.Add(json.RawMessage(raw)); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		resource, namespace, name string
		want                      bool
	}{
		{"services", "default", "web", true},
		{"services", "other", "web", true},
		{"services", "default", "db", false},
		{"services", "none", "web", false},
		{"storageclasses", "", "fast", true},
		{"configmaps", "default", "web", false},
	} {
		got, err := inv.Get(t.Context(), test.resource, test.namespace, test.name)
		if err != nil || (got != nil) != test.want {
			t.Errorf("%s %s/%s: %v, %v", test.resource, test.namespace, test.name, got, err)
		}
	}
	if !inv.Knows("services") || inv.Knows("deployments") {
		t.Error("it knows other resources than it was told")
	}
}

func TestSnapshotKeepsTheLastObjectOfAName(t *testing.T) {
	t.Parallel()
	const service = `{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": %q}}}`
	inv := inventory.NewSnapshot("default", nil)
	for _, order := range []int{1, 2, 0} {
		raw := json.RawMessage(fmt.Sprintf(service, fmt.Sprint("app-", order)))
		if _, err := inv.AddAs(order, inventory.Identity{APIVersion: "v1", Kind: "Service", Namespace: "", Name: "web"}, raw); err != nil {
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

func TestMountingFindsThePodsOfAClaim(t *testing.T) {
	t.Parallel()
	inv := inventory.NewSnapshot("default", []string{"pods"})
	add := func(order int, name, claims string) {
		raw := `{"metadata":{"name":"` + name + `"},"spec":{"volumes":[` + claims + `]}}`
		if _, err := inv.AddAs(order, inventory.Identity{APIVersion: "v1", Kind: "Pod", Name: name}, []byte(raw)); err != nil {
			t.Fatal(err)
		}
	}
	const data, logs = `{"persistentVolumeClaim":{"claimName":"data"}}`, `{"persistentVolumeClaim":{"claimName":"logs"}}`
	add(0, "both", data+","+logs+","+data)
	add(1, "replaced", data)
	add(2, "replaced", logs)
	add(3, "none", `{"emptyDir":{}},{"persistentVolumeClaim":{"claimName":7}},7`)
	for claim, want := range map[string][]string{"data": {"both"}, "logs": {"both", "replaced"}, "other": {}} {
		found, err := inv.Mounting(t.Context(), "default", claim)
		if err != nil {
			t.Fatal(err)
		}
		names := []string{}
		for _, name := range found.(ast.Object).Keys() {
			names = append(names, string(name.Value.(ast.String)))
		}
		slices.Sort(names)
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("pods of claim %s (-want +got):\n%s", claim, diff)
		}
	}
}
