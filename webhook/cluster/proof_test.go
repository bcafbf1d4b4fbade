package cluster

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestProofNeedsNoAPIServerWhereTheUIDIsCached uses an inventory that would panic if it asked one.
func TestProofNeedsNoAPIServerWhereTheUIDIsCached(t *testing.T) {
	t.Parallel()
	inv := inventoryOf(t, "statefulsets", &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "StatefulSet",
		"metadata": map[string]any{
			"namespace": "data", "name": "db", "uid": "cached",
			"ownerReferences": []any{map[string]any{"apiVersion": "rabbitmq.com/v1beta1", "kind": "RabbitmqCluster", "name": "rmq", "uid": "parent"}},
		},
	}})
	set := client.ObjectKey{Namespace: "data", Name: "db"}
	for what, test := range map[string]struct {
		claimed Claimed
		want    bool
	}{
		"the set": {
			Claimed{schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "StatefulSet"}, "statefulsets", set, "cached"}, true,
		},
		"its Scale": {
			Claimed{schema.GroupVersionKind{Group: "autoscaling", Version: "v1", Kind: "Scale"}, "statefulsets", set, "cached"}, true,
		},
		"its owner": {
			Claimed{schema.GroupVersionKind{Group: "rabbitmq.com", Version: "v1beta1", Kind: "RabbitmqCluster"}, "rabbitmqclusters",
				client.ObjectKey{Namespace: "data", Name: "rmq"}, "parent"}, true,
		},
		"no UID": {
			Claimed{schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "StatefulSet"}, "statefulsets", set, ""}, false,
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			if got := inv.Proves(t.Context(), test.claimed); got != test.want {
				t.Errorf("Proves() = %v, want %v", got, test.want)
			}
		})
	}
}
