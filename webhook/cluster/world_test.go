package cluster

import (
	"testing"

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
