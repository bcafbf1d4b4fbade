package cluster

import (
	"context"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
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
