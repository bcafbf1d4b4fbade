package cluster

import (
	"encoding/json"
	"fmt"
	"unique"

	"github.com/open-policy-agent/opa/v1/ast"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// cachedObject is an object in a cache: its name, its index keys and its compressed JSON. The maps of an unstructured object
// would take many times the memory, and most objects are never read.
type cachedObject struct {
	namespace     unique.Handle[string]
	name, version string
	// keys is nil for objects that are found only by name.
	keys *indexKeys
	// facts are for forecasts: see factsOf.
	facts any
	json  compressed
}

// GetObjectMeta returns the name under which client-go caches the object.
func (h *cachedObject) GetObjectMeta() metav1.Object {
	return &metav1.ObjectMeta{Namespace: h.namespace.Value(), Name: h.name, ResourceVersion: h.version}
}

// value returns the object as a Rego value.
func (h *cachedObject) value() (ast.Value, error) {
	encoded, err := h.text()
	if err != nil {
		return nil, err
	}
	return lazy.ParseObject(encoded)
}

// text returns the object as JSON.
func (h *cachedObject) text() (json.RawMessage, error) {
	encoded, err := h.json.decompress()
	if err != nil {
		return nil, fmt.Errorf("unpack %s/%s: %w", h.namespace.Value(), h.name, err)
	}
	return encoded, nil
}

// transformer makes the cached objects of one resource.
type transformer struct {
	resource policies.Resource
	texts    compressor
}

// transform is the transform of an informer. A tombstone passes unchanged.
func (h *transformer) transform(object any) (any, error) {
	stored, ok := object.(*unstructured.Unstructured)
	if !ok {
		return object, nil
	}
	kept, err := h.newCachedObject(stored)
	if err != nil {
		return nil, fmt.Errorf("hold %s %s/%s: %w", h.resource.Kind, stored.GetNamespace(), stored.GetName(), err)
	}
	return kept, nil
}

func (h *transformer) newCachedObject(stored *unstructured.Unstructured) (*cachedObject, error) {
	unstructured.RemoveNestedField(stored.Object, "metadata", "managedFields")
	encoded, err := json.Marshal(stored.Object)
	if err != nil {
		return nil, err
	}
	kept := &cachedObject{
		namespace: unique.Make(stored.GetNamespace()), name: stored.GetName(), version: stored.GetResourceVersion(),
		json: h.texts.compress(encoded), facts: factsOf(h.resource.Name, stored, encoded),
	}
	kept.keys, err = indexKeysOf(h.resource.Name, stored, encoded)
	return kept, err
}

func indexKeysOf(resource string, stored *unstructured.Unstructured, encoded []byte) (*indexKeys, error) {
	if resource == "pods" {
		if claims := claimsOf(stored); len(claims) > 0 {
			return &indexKeys{claims: claims}, nil
		}
		return nil, nil
	}
	if !hasLabelIndexes(resource) && resource != "persistentvolumes" {
		return nil, nil
	}
	value, err := lazy.ParseObject(encoded)
	if err != nil {
		return nil, err
	}
	if hasLabelIndexes(resource) {
		return newIndexKeys(resource, stored, value), nil
	}
	if named := inventory.Named(resource, value); len(named) > 0 {
		return &indexKeys{named: named}, nil
	}
	return nil, nil
}

// cachedObjectOf returns an object of a cache.
func cachedObjectOf(cached any) (*cachedObject, error) {
	kept, ok := cached.(*cachedObject)
	if !ok {
		return nil, fmt.Errorf("the cache holds a %T", cached)
	}
	return kept, nil
}

var _ toolscache.TransformFunc = (&transformer{}).transform
