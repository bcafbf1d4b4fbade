package inventory

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestParseOwnerKeyReadsAPIVersionKindAndName(t *testing.T) {
	t.Parallel()
	type owner struct {
		Kind  schema.GroupVersionKind
		Name  string
		Valid bool
	}
	tests := map[string]owner{
		"v1/ConfigMap/settings":                    {schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, "settings", true},
		"rabbitmq.com/v1beta1/RabbitmqCluster/rmq": {schema.GroupVersionKind{Group: "rabbitmq.com", Version: "v1beta1", Kind: "RabbitmqCluster"}, "rmq", true},
		"a/b/c/Kind/name":                          {},
		"v1/ConfigMap/":                            {},
		"v1//name":                                 {},
		"/ConfigMap/name":                          {},
		"ConfigMap/name":                           {},
		"name":                                     {},
		"":                                         {},
	}
	for key, want := range tests {
		kind, name, err := ParseOwnerKey(key)
		if diff := cmp.Diff(want, owner{kind, name, err == nil}); diff != "" {
			t.Errorf("%q (-want +got):\n%s", key, diff)
		}
	}
}
