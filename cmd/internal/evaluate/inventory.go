package evaluate

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

// decodedObjects is how many objects are cached as Rego values, besides their JSON: all of a small check.
const decodedObjects = 512

// manifestInventory is the inventory of manifests. It holds JSON and decodes it on demand: Rego values take ten times the
// memory, and a check may have 100,000 manifests. It answers as inventory.Snapshot does. Once everything is added it is safe
// for concurrent use.
type manifestInventory struct {
	namespace string
	known     map[string]bool
	adding    sync.Mutex
	buckets   map[bucketKey]*bucket
	// parse decodes an object as the rules in force need it.
	parse func(raw json.RawMessage) (ast.Value, error)
	// decoded caches the objects that were read last.
	decoded *lru.Cache
}

// bucketKey identifies a bucket; the namespace is empty for cluster-scoped resources.
type bucketKey struct{ resource, namespace string }

// newInventory makes an empty inventory that knows the resources in known. Objects that name no namespace are put into namespace.
func newInventory(namespace string, known []string, parse func(json.RawMessage) (ast.Value, error)) *manifestInventory {
	made := &manifestInventory{namespace: namespace, parse: parse, known: map[string]bool{}, buckets: map[bucketKey]*bucket{}, decoded: lru.New(decodedObjects)}
	for _, resource := range known {
		made.known[resource] = true
	}
	return made
}

// storedManifest is an object of the inventory.
type storedManifest struct {
	bucketKey

	name string
	json json.RawMessage
	// order decides which of two objects with one name counts: the higher one.
	order int
}

// identity is the kind and name of an object.
type identity struct{ apiVersion, kind, namespace, name string }

// add adds an object and returns it, nil if no rule can look it up. Of two with one name the one with the higher order
// counts, whichever is added first: goroutines add concurrently.
func (i *manifestInventory) add(order int, object identity, raw json.RawMessage) (*storedManifest, error) {
	resource, known := policies.ResourceOfKind(policies.GroupOf(object.apiVersion), object.kind)
	if !known {
		return nil, nil
	}
	value, err := i.parse(raw)
	if err != nil {
		return nil, fmt.Errorf("read the object: %w", err)
	}
	kept := &storedManifest{bucketKey: bucketKey{resource.Name, object.namespace}, name: object.name, json: raw, order: order}
	if kept.namespace == "" && resource.Namespaced {
		kept.namespace = i.namespace
	}
	i.decoded.Add(kept, value)
	keys := indexKeysOf(resource.Name, value)
	i.adding.Lock()
	defer i.adding.Unlock()
	if i.buckets[kept.bucketKey] == nil {
		i.buckets[kept.bucketKey] = newBucket()
	}
	i.buckets[kept.bucketKey].add(kept, keys)
	return kept, nil
}

// value returns an object as a Rego value.
func (i *manifestInventory) value(object *storedManifest) (ast.Value, error) {
	if known, ok := i.decoded.Get(object); ok {
		value, _ := known.(ast.Value)
		return value, nil
	}
	value, err := i.parse(object.json)
	if err == nil {
		i.decoded.Add(object, value)
	}
	return value, err
}

// Knows reports whether the inventory is complete for this resource.
func (i *manifestInventory) Knows(resource string) bool { return i.known[resource] }

// Get returns the object of this name, or nil.
func (i *manifestInventory) Get(_ context.Context, resource, namespace, name string) (ast.Value, error) {
	object, found := i.bucket(resource, namespace).objects[name]
	if !found {
		return nil, nil
	}
	return i.value(object)
}

// List returns the objects of a namespace by name.
func (i *manifestInventory) List(_ context.Context, resource, namespace string) (ast.Value, error) {
	return i.listed(maps.Values(i.bucket(resource, namespace).objects), everything)
}

// Governed returns the StatefulSets that name this Service.
func (i *manifestInventory) Governed(_ context.Context, namespace, service string) (ast.Value, error) {
	return i.listed(slices.Values(i.bucket("statefulsets", namespace).governed[service]), everything)
}

// Mounting returns the Pods that use this claim.
func (i *manifestInventory) Mounting(_ context.Context, namespace, claim string) (ast.Value, error) {
	using := func(pod ast.Value) bool { return slices.Contains(inventory.ClaimsOf(pod), claim) }
	return i.listed(maps.Values(i.bucket("pods", namespace).objects), using)
}

// Owned returns the StatefulSets with an owner of this kind.
func (i *manifestInventory) Owned(_ context.Context, group, kind string) (ast.Value, error) {
	return i.found("statefulsets", "", func(value ast.Value) bool {
		return slices.Contains(inventory.OwnersOf(value), inventory.OwnerKind{Group: group, Kind: kind})
	})
}

// Naming returns the objects of a resource that name this object of the whole cluster.
func (i *manifestInventory) Naming(_ context.Context, resource, named string) (ast.Value, error) {
	return i.found(resource, "", func(value ast.Value) bool { return slices.Contains(inventory.Named(resource, value), named) })
}

// Matching returns the StatefulSets whose own labels match.
func (i *manifestInventory) Matching(_ context.Context, namespace, selector string) (ast.Value, error) {
	wanted, err := inventory.ReadSelector(selector)
	if err != nil {
		return nil, err
	}
	return i.found("statefulsets", namespace, func(value ast.Value) bool { return inventory.Matches(value, wanted) })
}

// found returns the objects of a namespace, or of all where it is empty, that are wanted, by NAMESPACE/NAME.
func (i *manifestInventory) found(resource, namespace string, wanted func(ast.Value) bool) (ast.Value, error) {
	found := ast.NewObject()
	for key, shelf := range i.buckets {
		if key.resource != resource || namespace != "" && key.namespace != namespace {
			continue
		}
		for _, object := range shelf.objects {
			value, err := i.value(object)
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

// Owner returns nothing: rules read it if an owner is added to a stored object, and manifests have no stored version.
func (*manifestInventory) Owner(context.Context, string, string) (ast.Value, error) { return nil, nil }

// Selecting returns the objects whose selector labels are a subset of these.
func (i *manifestInventory) Selecting(_ context.Context, resource, namespace string, labels inventory.Labels) (ast.Value, error) {
	return i.listed(i.bucket(resource, namespace).selectors.Subsets(labels), everything)
}

// Labelled returns the workloads whose pods have all these labels.
func (i *manifestInventory) Labelled(ctx context.Context, resource, namespace string, labels inventory.Labels) (ast.Value, error) {
	if len(labels) == 0 {
		return i.List(ctx, resource, namespace)
	}
	having := func(value ast.Value) bool { return inventory.PodLabels(value).Has(labels) }
	return i.listed(slices.Values(i.bucket(resource, namespace).podLabels.Candidates(labels)), having)
}

func everything(ast.Value) bool { return true }

func (i *manifestInventory) bucket(resource, namespace string) *bucket {
	if found, ok := i.buckets[bucketKey{resource, namespace}]; ok {
		return found
	}
	return &bucket{}
}

// listed returns by name the objects that are wanted, without those that a later one replaces.
func (i *manifestInventory) listed(objects iter.Seq[*storedManifest], wanted func(ast.Value) bool) (ast.Value, error) {
	found := ast.NewObject()
	for each := range objects {
		if i.buckets[each.bucketKey].objects[each.name] != each {
			continue
		}
		value, err := i.value(each)
		if err != nil {
			return nil, err
		}
		if wanted(value) {
			found.Insert(ast.StringTerm(each.name), ast.NewTerm(value))
		}
	}
	return found, nil
}
