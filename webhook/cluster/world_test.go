package cluster

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// TestWhatCannotExistIsAbsentWithoutAsking uses a World that has nobody to ask: it would panic if it tried.
func TestWhatCannotExistIsAbsentWithoutAsking(t *testing.T) {
	t.Parallel()
	services, _ := policies.LookupResource("services")
	world := &World{resources: map[string]policies.Resource{"services": services}}
	for what, asked := range map[string][3]string{
		"a path":                  {"services", "default", "nginx/../kubernetes"},
		"the folder above":        {"services", "default", ".."},
		"an escape":               {"services", "default", "nginx%2f"},
		"a path for a namespace":  {"services", "a/b", "nginx"},
		"no name":                 {"services", "default", ""},
		"what nobody watches for": {"secrets", "default", "token"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			if found, err := world.Get(t.Context(), asked[0], asked[1], asked[2]); found != nil || err != nil {
				t.Errorf("got %v, %v", found, err)
			}
		})
	}
	if listed, err := world.List(t.Context(), "secrets", "default"); err != nil || listed.String() != "{}" {
		t.Errorf("got %v, %v", listed, err)
	}
	if world.Knows("secrets") {
		t.Error("the World knows what it does not watch")
	}
}

// emptyCache has nothing.
type emptyCache struct{ client.Reader }

func (emptyCache) Get(_ context.Context, key client.ObjectKey, _ client.Object, _ ...client.GetOption) error {
	return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
}

// TestWhatControllersMakeIsNotLookedForTwice uses a World that has no API server to ask.
func TestWhatControllersMakeIsNotLookedForTwice(t *testing.T) {
	t.Parallel()
	world := &World{cache: emptyCache{}, resources: map[string]policies.Resource{}}
	for _, name := range []string{"pods", "persistentvolumeclaims"} {
		world.resources[name], _ = policies.LookupResource(name)
		if found, err := world.Get(t.Context(), name, "default", "web-0"); found != nil || err != nil {
			t.Errorf("%s: got %v, %v", name, found, err)
		}
	}
}

// fullCache has these objects of each resource.
type fullCache struct {
	client.Reader
	objects []unstructured.Unstructured
}

func (c fullCache) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	list.(*unstructured.UnstructuredList).Items = c.objects
	return nil
}

// TestLabelsAreLookedUpAsInASnapshot compares the World of a cluster with the one of manifests.
func TestLabelsAreLookedUpAsInASnapshot(t *testing.T) {
	t.Parallel()
	world, snapshot := &World{resources: map[string]policies.Resource{}}, engine.NewSnapshot("default", nil)
	world.resources["statefulsets"], _ = policies.LookupResource("statefulsets")
	var cached fullCache
	for _, object := range []string{
		`{"metadata": {"name": "both"}, "spec": {"selector": {"matchLabels": {"app": "db", "tier": "a"}}, "template": {"metadata": {"labels": {"app": "db", "tier": "a"}}}}}`,
		`{"metadata": {"name": "one"}, "spec": {"selector": {"matchLabels": {"app": "db"}}, "template": {"metadata": {"labels": {"app": "db", "zone": "b"}}}}}`,
		`{"metadata": {"name": "absent"}, "spec": {"template": {"metadata": {"labels": {"tier": "a"}}}}}`,
		`{"metadata": {"name": "expressions"}, "spec": {"selector": {"matchExpressions": []}, "template": {}}}`,
		`{"metadata": {"name": "wrong"}, "spec": {"selector": "app=db", "template": {"metadata": {"labels": {"app": 1}}}}}`,
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
		cached.objects = append(cached.objects, set)
	}
	world.cache = cached
	for what, test := range map[string]struct {
		labels              engine.Labels
		selecting, labelled []string
	}{
		"a label":         {engine.Labels{"app": "db"}, []string{"expressions", "one", "wrong"}, []string{"both", "one"}},
		"two labels":      {engine.Labels{"app": "db", "tier": "a"}, []string{"absent", "both", "expressions", "one", "wrong"}, []string{"both"}},
		"another value":   {engine.Labels{"app": "web"}, []string{"expressions", "wrong"}, nil},
		"no label at all": {engine.Labels{}, []string{"expressions", "wrong"}, []string{"absent", "both", "expressions", "one", "wrong"}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			for door, each := range map[string]engine.World{"cluster": world, "snapshot": snapshot} {
				selecting, err := each.Selecting(t.Context(), "statefulsets", "default", test.labels)
				if diff := cmp.Diff(test.selecting, keys(selecting)); diff != "" || err != nil {
					t.Errorf("%s: selecting: %v (-want +got):\n%s", door, err, diff)
				}
				labelled, err := each.Labelled(t.Context(), "statefulsets", "default", test.labels)
				if diff := cmp.Diff(test.labelled, keys(labelled)); diff != "" || err != nil {
					t.Errorf("%s: labelled: %v (-want +got):\n%s", door, err, diff)
				}
			}
		})
	}
}

func keys(value ast.Value) (keys []string) {
	value.(ast.Object).Foreach(func(key, _ *ast.Term) { keys = append(keys, string(key.Value.(ast.String))) })
	return keys
}
