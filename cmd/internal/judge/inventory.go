package judge

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/utils/lru"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/inventory"
)

// decodedObjects is how many objects are kept as Rego sees them, besides as they are held: all of a small check.
const decodedObjects = 512

// world is the inventory of manifests that are held as JSON, and read when they are asked for: as Rego sees them they take ten
// times the memory, and a check may have 100,000. It answers as inventory.Snapshot does, which holds what it was given.
// Once all is added it is safe for concurrent use.
type inv struct {
	namespace string
	known     map[string]bool
	adding    sync.Mutex
	shelves   map[shelfKey]*shelf
	// parse reads an object as the rules in force need it.
	parse func(raw json.RawMessage) (ast.Value, error)
	// decoded are the objects that were asked for last.
	decoded *lru.Cache
}

// shelfKey is where objects are kept together; the namespace is empty for resources of the whole cluster.
type shelfKey struct{ resource, namespace string }

// newInventory makes an empty inventory that knows the resources in known. Objects that name no namespace are put into namespace.
func newInventory(namespace string, known []string, parse func(json.RawMessage) (ast.Value, error)) *inv {
	made := &inv{namespace: namespace, parse: parse, known: map[string]bool{}, shelves: map[shelfKey]*shelf{}, decoded: lru.New(decodedObjects)}
	for _, resource := range known {
		made.known[resource] = true
	}
	return made
}

// held is an object as the inventory holds it.
type held struct {
	shelfKey

	name string
	json json.RawMessage
	// order tells which of two objects with one name is the later.
	order int
}

// identity is what an object is called.
type identity struct{ apiVersion, kind, namespace, name string }

// add puts an object in and returns it; nil where no rule could look for it. Of two with one name the one of the higher
// order counts, in whatever order they are added: several may be at once.
func (w *inv) add(order int, object identity, raw json.RawMessage) (*held, error) {
	resource, known := policies.ResourceOfKind(policies.GroupOf(object.apiVersion), object.kind)
	if !known {
		return nil, nil
	}
	value, err := w.parse(raw)
	if err != nil {
		return nil, fmt.Errorf("read the object: %w", err)
	}
	kept := &held{shelfKey: shelfKey{resource.Name, object.namespace}, name: object.name, json: raw, order: order}
	if kept.namespace == "" && resource.Namespaced {
		kept.namespace = w.namespace
	}
	w.decoded.Add(kept, value)
	keys := keysOf(resource.Name, value)
	w.adding.Lock()
	defer w.adding.Unlock()
	if w.shelves[kept.shelfKey] == nil {
		w.shelves[kept.shelfKey] = newShelf()
	}
	w.shelves[kept.shelfKey].add(kept, keys)
	return kept, nil
}

// value is an object as Rego sees it.
func (w *inv) value(object *held) (ast.Value, error) {
	if known, ok := w.decoded.Get(object); ok {
		value, _ := known.(ast.Value)
		return value, nil
	}
	value, err := w.parse(object.json)
	if err == nil {
		w.decoded.Add(object, value)
	}
	return value, err
}

// Knows reports whether the inventory is complete for this resource.
func (w *inv) Knows(resource string) bool { return w.known[resource] }

// Get returns the object of this name, or nil.
func (w *inv) Get(_ context.Context, resource, namespace, name string) (ast.Value, error) {
	object, found := w.shelf(resource, namespace).objects[name]
	if !found {
		return nil, nil
	}
	return w.value(object)
}

// List returns the objects of a namespace by name.
func (w *inv) List(_ context.Context, resource, namespace string) (ast.Value, error) {
	return w.listed(maps.Values(w.shelf(resource, namespace).objects), everything)
}

// Governed returns the StatefulSets that name this Service.
func (w *inv) Governed(_ context.Context, namespace, service string) (ast.Value, error) {
	return w.listed(slices.Values(w.shelf("statefulsets", namespace).governed[service]), everything)
}

// Mounting returns the Pods that use this claim.
func (w *inv) Mounting(_ context.Context, namespace, claim string) (ast.Value, error) {
	using := func(pod ast.Value) bool { return slices.Contains(inventory.ClaimsOf(pod), claim) }
	return w.listed(maps.Values(w.shelf("pods", namespace).objects), using)
}

// Owned returns the StatefulSets with an owner of this kind.
func (w *inv) Owned(_ context.Context, group, kind string) (ast.Value, error) {
	return w.found("statefulsets", "", func(value ast.Value) bool {
		return slices.Contains(inventory.OwnersOf(value), inventory.OwnerKind{Group: group, Kind: kind})
	})
}

// Naming returns the objects of a resource that name this object of the whole cluster.
func (w *inv) Naming(_ context.Context, resource, named string) (ast.Value, error) {
	return w.found(resource, "", func(value ast.Value) bool { return slices.Contains(inventory.Named(resource, value), named) })
}

// Matching returns the StatefulSets whose own labels match.
func (w *inv) Matching(_ context.Context, namespace, selector string) (ast.Value, error) {
	wanted, err := inventory.ReadSelector(selector)
	if err != nil {
		return nil, err
	}
	return w.found("statefulsets", namespace, func(value ast.Value) bool { return inventory.Matches(value, wanted) })
}

// found returns the objects of a namespace, or of all where it is empty, that are wanted, by NAMESPACE/NAME.
func (w *inv) found(resource, namespace string, wanted func(ast.Value) bool) (ast.Value, error) {
	found := ast.NewObject()
	for key, shelf := range w.shelves {
		if key.resource != resource || namespace != "" && key.namespace != namespace {
			continue
		}
		for _, object := range shelf.objects {
			value, err := w.value(object)
			if err != nil {
				return nil, err
			}
			if wanted(value) {
				found.Insert(ast.StringTerm(strings.TrimPrefix(key.namespace+"/"+object.name, "/")), ast.NewTerm(value))
			}
		}
	}
	return found, nil
}

// Owner knows nothing: rules ask for it where an owner is added to a stored object, and manifests have none before them.
func (*inv) Owner(context.Context, string, string) (ast.Value, error) { return nil, nil }

// Selecting returns the objects that want no other label than these.
func (w *inv) Selecting(_ context.Context, resource, namespace string, labels inventory.Labels) (ast.Value, error) {
	return w.listed(w.shelf(resource, namespace).wanted.Within(labels), everything)
}

// Labelled returns the workloads whose pods have all these labels.
func (w *inv) Labelled(ctx context.Context, resource, namespace string, labels inventory.Labels) (ast.Value, error) {
	if len(labels) == 0 {
		return w.List(ctx, resource, namespace)
	}
	having := func(value ast.Value) bool { return inventory.Given(value).Has(labels) }
	return w.listed(slices.Values(w.shelf(resource, namespace).given.Near(labels)), having)
}

func everything(ast.Value) bool { return true }

func (w *inv) shelf(resource, namespace string) *shelf {
	if found, ok := w.shelves[shelfKey{resource, namespace}]; ok {
		return found
	}
	return &shelf{}
}

// listed returns objects by name that are wanted, without those of which there is a later one.
func (w *inv) listed(objects iter.Seq[*held], wanted func(ast.Value) bool) (ast.Value, error) {
	found := ast.NewObject()
	for each := range objects {
		if w.shelves[each.shelfKey].objects[each.name] != each {
			continue
		}
		value, err := w.value(each)
		if err != nil {
			return nil, err
		}
		if wanted(value) {
			found.Insert(ast.StringTerm(each.name), ast.NewTerm(value))
		}
	}
	return found, nil
}
