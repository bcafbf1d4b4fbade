package inventory

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies/engine/lazy"
)

func TestNamedListsTheNodesOfPodsAndVolumes(t *testing.T) {
	t.Parallel()
	affinity := func(expressions string) string {
		return `{"spec":{"nodeAffinity":{"required":{"nodeSelectorTerms":[{"matchExpressions":[` + expressions + `]}]}}}}`
	}
	tests := map[string]struct {
		resource, object string
		want             []string
	}{
		"a pod":               {"pods", `{"spec":{"nodeName":"a"}}`, []string{"Node/a"}},
		"a pod that waits":    {"pods", `{"spec":{}}`, nil},
		"a pod of a number":   {"pods", `{"spec":{"nodeName":1}}`, nil},
		"a local volume":      {"persistentvolumes", affinity(`{"key":"kubernetes.io/hostname","operator":"In","values":["a"]}`), []string{"Node/a"}},
		"a volume of two":     {"persistentvolumes", affinity(`{"key":"kubernetes.io/hostname","operator":"In","values":["a","b"]}`), nil},
		"a volume not of one": {"persistentvolumes", affinity(`{"key":"kubernetes.io/hostname","operator":"NotIn","values":["a"]}`), nil},
		"a volume of all":     {"persistentvolumes", `{"spec":{}}`, nil},
		"another resource":    {"services", `{"spec":{"nodeName":"a"}}`, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			object, err := lazy.ParseObject([]byte(test.object))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, Named(test.resource, object)); diff != "" {
				t.Errorf("named (-want +got):\n%s", diff)
			}
		})
	}
}
