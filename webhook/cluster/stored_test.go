package cluster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	toolscache "k8s.io/client-go/tools/cache"
)

func serviceNamed(namespace, name, version string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Service",
		"metadata": map[string]any{"namespace": namespace, "name": name, "resourceVersion": version, "managedFields": []any{map[string]any{}}},
	}}
}

func TestInventoryListsStoredObjects(t *testing.T) {
	t.Parallel()
	inv := inventoryOf(t, "services", serviceNamed("shop", "b", "2"), serviceNamed("data", "c", "3"), serviceNamed("shop", "a", "1"))
	found, err := inv.Stored("services", "shop")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, each := range found {
		text, err := each()
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	want := []string{
		`{"apiVersion":"v1","kind":"Service","metadata":{"name":"a","namespace":"shop","resourceVersion":"1"}}`,
		`{"apiVersion":"v1","kind":"Service","metadata":{"name":"b","namespace":"shop","resourceVersion":"2"}}`,
	}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"data", "shop"}, inv.Namespaces([]string{"services", "pods"})); diff != "" {
		t.Errorf("namespaces (-want +got):\n%s", diff)
	}
	if _, err := inv.Stored("pods", "shop"); err == nil || inv.Holds("pods") {
		t.Error("what no cache holds was listed")
	}
}

func TestHandlerReportsChangesOnce(t *testing.T) {
	t.Parallel()
	var changed []string
	handler := handlerOf("services", func(resource, namespace string) { changed = append(changed, resource+" "+namespace) })
	first, second := serviceNamed("shop", "a", "1"), serviceNamed("shop", "a", "2")
	handler.OnAdd(first, true)
	handler.OnUpdate(first, first)
	if changed != nil {
		t.Errorf("nothing changed, reported %v", changed)
	}
	handler.OnAdd(serviceNamed("new", "a", "1"), false)
	handler.OnUpdate(first, second)
	handler.OnDelete(toolscache.DeletedFinalStateUnknown{Key: "gone/a", Obj: serviceNamed("gone", "a", "1")})
	if diff := cmp.Diff([]string{"services new", "services shop", "services gone"}, changed); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}
