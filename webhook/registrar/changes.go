package registrar

import (
	"encoding/json"
	"fmt"
	"slices"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/webhook/registration"
)

// operation is one of a JSON patch (RFC 6902).
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// operations turn the managed webhooks of found into those that are wanted, and touch no other. The first makes the API server
// reject the patch where the configuration has changed since it was read: paths count the webhooks.
//
// Server-side apply would be the other way. It cannot remove a webhook whose caBundle another program has applied, as
// cert-manager's cainjector does with its feature gate ServerSideApply: that field stays, and the API server rejects the rest.
func operations[W any](version string, found, wanted []W, of func(*W) (name string, bundle *[]byte)) []operation {
	patch := []operation{{"replace", "/metadata/resourceVersion", version}}
	missing := slices.Clone(wanted)
	for index := range slices.Backward(found) {
		name, bundle := of(&found[index])
		if !registration.IsManaged(name) {
			continue
		}
		path := fmt.Sprintf("/webhooks/%d", index)
		at := slices.IndexFunc(missing, func(each W) bool { called, _ := of(&each); return called == name })
		if at < 0 {
			patch = append(patch, operation{"remove", path, nil})
			continue
		}
		webhook := missing[at]
		missing = slices.Delete(missing, at, at+1)
		// Where what was applied has just lost its caBundle, something is about to fill it in again.
		if _, wanted := of(&webhook); len(*wanted) == 0 {
			*wanted = *bundle
		}
		if !apiequality.Semantic.DeepEqual(found[index], webhook) {
			patch = append(patch, operation{"replace", path, webhook})
		}
	}
	for _, webhook := range missing {
		patch = append(patch, operation{"add", "/webhooks/-", webhook})
	}
	if len(patch) == 1 {
		return nil
	}
	return patch
}

func encoded(patch []operation) (client.Patch, error) {
	raw, err := json.Marshal(patch)
	if err != nil {
		return nil, err
	}
	return client.RawPatch(types.JSONPatchType, raw), nil
}
