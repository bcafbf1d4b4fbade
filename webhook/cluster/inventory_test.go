package cluster

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/lru"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// TestInventoryRejectsInvalidNamesWithoutARequest uses an inventory without an API server: a request would panic.
func TestInventoryRejectsInvalidNamesWithoutARequest(t *testing.T) {
	t.Parallel()
	inv := inventoryOf(t, "services")
	for what, asked := range map[string][3]string{
		"a path":                 {"services", "default", "nginx/../kubernetes"},
		"the folder above":       {"services", "default", ".."},
		"an escape":              {"services", "default", "nginx%2f"},
		"a path for a namespace": {"services", "a/b", "nginx"},
		"no name":                {"services", "default", ""},
		"an unwatched resource":  {"secrets", "default", "token"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			if found, err := inv.Get(t.Context(), asked[0], asked[1], asked[2]); found != nil || err != nil {
				t.Errorf("got %v, %v", found, err)
			}
		})
	}
	if listed, err := inv.List(t.Context(), "secrets", "default"); err != nil || listed.String() != "{}" {
		t.Errorf("got %v, %v", listed, err)
	}
	if inv.Knows("secrets") {
		t.Error("the inventory knows what it does not watch")
	}
}

// TestInventoryReadsPodsAndClaimsFromTheCacheOnly uses an inventory that has no API server to ask.
func TestInventoryReadsPodsAndClaimsFromTheCacheOnly(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"pods", "persistentvolumeclaims"} {
		if found, err := inventoryOf(t, name).Get(t.Context(), name, "default", "web-0"); found != nil || err != nil {
			t.Errorf("%s: got %v, %v", name, found, err)
		}
	}
}

// inventoryOf returns an inventory of one resource, with these objects in the cache and no API server.
func inventoryOf(t *testing.T, resource string, objects ...*unstructured.Unstructured) *Inventory {
	t.Helper()
	known, _ := policies.LookupResource(resource)
	return &Inventory{resources: map[string]watched{resource: {Resource: known, objects: indexerOf(t, known, objects)}}, decoded: lru.New(decodedObjects)}
}

// indexerOf holds objects as the informer of a resource does.
func indexerOf(t testing.TB, resource policies.Resource, objects []*unstructured.Unstructured) toolscache.Indexer {
	t.Helper()
	all := indexers()
	all[toolscache.NamespaceIndex] = toolscache.MetaNamespaceIndexFunc
	informer := toolscache.NewIndexer(toolscache.MetaNamespaceKeyFunc, all)
	transforms := &transformer{resource: resource}
	for _, object := range objects {
		kept, err := transforms.transform(object.DeepCopy())
		if err != nil {
			t.Fatal(err)
		}
		if err := informer.Add(kept); err != nil {
			t.Fatal(err)
		}
	}
	return informer
}

// TestCachedObjectEqualsTheOriginal compares an object in the cache with what the API server sent.
func TestCachedObjectEqualsTheOriginal(t *testing.T) {
	t.Parallel()
	const text = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-0","namespace":"default","labels":{"a":"b"}},"spec":{"priority":3},"status":{"phase":"Running"}}`
	pod := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(text), &pod.Object); err != nil {
		t.Fatal(err)
	}
	pod.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: "kubelet"}})
	inv := inventoryOf(t, "pods", pod)
	want, err := lazy.ParseObject([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, err := inv.Get(t.Context(), "pods", "default", "web-0")
		if err != nil || got == nil || got.Compare(want) != 0 {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
	listed, err := inv.List(t.Context(), "pods", "default")
	if err != nil || listed.String() != ast.NewObject(ast.Item(ast.StringTerm("web-0"), ast.NewTerm(want))).String() {
		t.Errorf("listed %v, %v", listed, err)
	}
}

// TestGetAtVersionUsesTheCacheIfItIsCurrent uses an inventory that has no API server to ask: it panics if it tries.
func TestGetAtVersionUsesTheCacheIfItIsCurrent(t *testing.T) {
	t.Parallel()
	set := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "apps/v1", "kind": "StatefulSet"}}
	set.SetNamespace("default")
	set.SetName("web")
	set.SetResourceVersion("714")
	inv := inventoryOf(t, "statefulsets", set)
	if found, err := inv.GetAtVersion(t.Context(), "statefulsets", "default", "web", "714"); found == nil || err != nil {
		t.Errorf("got %v, %v", found, err)
	}
	defer func() {
		if recover() == nil {
			t.Error("another version is not looked for")
		}
	}()
	_, _ = inv.GetAtVersion(t.Context(), "statefulsets", "default", "web", "715")
}

// TestLabelLookupsEqualASnapshot compares the inventory of a cluster with the one of manifests.
func TestLabelLookupsEqualASnapshot(t *testing.T) {
	t.Parallel()
	snapshot := inventory.NewSnapshot("default", nil)
	var cached []*unstructured.Unstructured
	for _, object := range []string{
		`{"metadata": {"namespace": "default", "name": "both"}, "spec": {"selector": {"matchLabels": {"app": "db", "tier": "a"}}, "template": {"metadata": {"labels": {"app": "db", "tier": "a"}}}}}`,
		`{"metadata": {"namespace": "default", "name": "one"}, "spec": {"selector": {"matchLabels": {"app": "db"}}, "template": {"metadata": {"labels": {"app": "db", "zone": "b"}}}}}`,
		`{"metadata": {"namespace": "default", "name": "absent"}, "spec": {"template": {"metadata": {"labels": {"tier": "a"}}}}}`,
		`{"metadata": {"namespace": "default", "name": "expressions"}, "spec": {"selector": {"matchExpressions": []}, "template": {}}}`,
		`{"metadata": {"namespace": "default", "name": "wrong"}, "spec": {"selector": "app=db", "template": {"metadata": {"labels": {"app": 1}}}}}`,
	} {
		var set unstructured.Unstructured
		if err := json.Unmarshal([]byte(`{"apiVersion": "apps/v1", "kind": "StatefulSet", `+object[1:]), &set); err != nil {
			t.Fatal(err)
		}
		encoded, err := set.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := snapshot.Add(encoded); err != nil {
			t.Fatal(err)
		}
		cached = append(cached, &set)
	}
	inv := inventoryOf(t, "statefulsets", cached...)
	for what, test := range map[string]struct {
		labels              inventory.Labels
		selecting, labelled []string
	}{
		"a label":         {inventory.Labels{"app": "db"}, []string{"expressions", "one", "wrong"}, []string{"both", "one"}},
		"two labels":      {inventory.Labels{"app": "db", "tier": "a"}, []string{"absent", "both", "expressions", "one", "wrong"}, []string{"both"}},
		"another value":   {inventory.Labels{"app": "web"}, []string{"expressions", "wrong"}, nil},
		"no label at all": {inventory.Labels{}, []string{"expressions", "wrong"}, []string{"absent", "both", "expressions", "one", "wrong"}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			for phase, each := range map[string]inventory.Inventory{"cluster": inv, "snapshot": snapshot} {
				selecting, err := each.Selecting(t.Context(), "statefulsets", "default", test.labels)
				if diff := cmp.Diff(test.selecting, keys(selecting)); diff != "" || err != nil {
					t.Errorf("%s: selecting: %v (-want +got):\n%s", phase, err, diff)
				}
				labelled, err := each.Labelled(t.Context(), "statefulsets", "default", test.labels)
				if diff := cmp.Diff(test.labelled, keys(labelled)); diff != "" || err != nil {
					t.Errorf("%s: labelled: %v (-want +got):\n%s", phase, err, diff)
				}
			}
		})
	}
}

func keys(value ast.Value) (keys []string) {
	value.(ast.Object).Foreach(func(key, _ *ast.Term) { keys = append(keys, string(key.Value.(ast.String))) })
	return keys
}

func TestVolumesAreIndexedByTheirOnlyNode(t *testing.T) {
	t.Parallel()
	volume := func(name, node string) *unstructured.Unstructured {
		made := &unstructured.Unstructured{}
		text := `{"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":"` + name + `"},"spec":{"nodeAffinity":{"required":{"nodeSelectorTerms":` +
			`[{"matchExpressions":[{"key":"kubernetes.io/hostname","operator":"In","values":["` + node + `"]}]}]}}}}`
		if err := json.Unmarshal([]byte(text), &made.Object); err != nil {
			t.Fatal(err)
		}
		return made
	}
	anywhere := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "PersistentVolume"}}
	anywhere.SetName("anywhere")
	inv := inventoryOf(t, "persistentvolumes", volume("here", "a"), volume("there", "b"), anywhere)
	found, err := inv.Naming(t.Context(), "persistentvolumes", "Node/a")
	if err != nil {
		t.Fatal(err)
	}
	named, _ := found.(ast.Object)
	if named.Len() != 1 || named.Get(ast.StringTerm("here")) == nil {
		t.Errorf("found %v", found)
	}
}
