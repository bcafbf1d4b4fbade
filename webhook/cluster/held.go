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

// held is an object as the caches keep it: what it is called, what the indexes ask for, and all of it as packed JSON. The
// maps of an unstructured object would take many times the memory, and most objects are never looked at.
type held struct {
	namespace     unique.Handle[string]
	name, version string
	// sought is nil where objects are looked for by their names alone.
	sought *sought
	// facts are what forecasts read: see factsOf.
	facts any
	json  packed
}

// GetObjectMeta tells the caches of client-go under which name to keep it.
func (h *held) GetObjectMeta() metav1.Object {
	return &metav1.ObjectMeta{Namespace: h.namespace.Value(), Name: h.name, ResourceVersion: h.version}
}

// value is the object as Rego sees it.
func (h *held) value() (ast.Value, error) {
	encoded, err := h.text()
	if err != nil {
		return nil, err
	}
	return lazy.ParseObject(encoded)
}

// text is the object as JSON.
func (h *held) text() (json.RawMessage, error) {
	encoded, err := h.json.unpack()
	if err != nil {
		return nil, fmt.Errorf("unpack %s/%s: %w", h.namespace.Value(), h.name, err)
	}
	return encoded, nil
}

// holder makes what is held of the objects of one resource.
type holder struct {
	resource policies.Resource
	texts    packer
}

// hold is the transform of an informer. What it tells of a deletion that it missed passes as it is.
func (h *holder) hold(object any) (any, error) {
	stored, ok := object.(*unstructured.Unstructured)
	if !ok {
		return object, nil
	}
	kept, err := h.keep(stored)
	if err != nil {
		return nil, fmt.Errorf("hold %s %s/%s: %w", h.resource.Kind, stored.GetNamespace(), stored.GetName(), err)
	}
	return kept, nil
}

func (h *holder) keep(stored *unstructured.Unstructured) (*held, error) {
	unstructured.RemoveNestedField(stored.Object, "metadata", "managedFields")
	encoded, err := json.Marshal(stored.Object)
	if err != nil {
		return nil, err
	}
	kept := &held{
		namespace: unique.Make(stored.GetNamespace()), name: stored.GetName(), version: stored.GetResourceVersion(),
		json: h.texts.pack(encoded), facts: factsOf(h.resource.Name, stored, encoded),
	}
	kept.sought, err = soughtOf(h.resource.Name, stored, encoded)
	return kept, err
}

func soughtOf(resource string, stored *unstructured.Unstructured, encoded []byte) (*sought, error) {
	if resource == "pods" {
		if claims := claimsOf(stored); len(claims) > 0 {
			return &sought{claims: claims}, nil
		}
		return nil, nil
	}
	if !isFoundByLabels(resource) && resource != "persistentvolumes" {
		return nil, nil
	}
	value, err := lazy.ParseObject(encoded)
	if err != nil {
		return nil, err
	}
	if isFoundByLabels(resource) {
		return newSought(resource, stored, value), nil
	}
	if named := inventory.Named(resource, value); len(named) > 0 {
		return &sought{named: named}, nil
	}
	return nil, nil
}

// heldBy returns what a cache holds.
func heldBy(cached any) (*held, error) {
	kept, ok := cached.(*held)
	if !ok {
		return nil, fmt.Errorf("the cache holds a %T", cached)
	}
	return kept, nil
}

var _ toolscache.TransformFunc = (&holder{}).hold
