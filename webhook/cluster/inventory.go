// Package cluster is the inventory of a live cluster: it reads the informer caches and, for objects that they do not hold yet,
// the API server.
package cluster

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/inventory"
)

// decodedObjects is how many objects are cached as Rego values, besides their compressed JSON: some 20 KiB each, for those that
// are read often.
const decodedObjects = 256

// Inventory reads the caches of its resources, and has no others. It may return a deleted object until its watch event
// arrives, some milliseconds later.
type Inventory struct {
	live      client.Reader
	resources map[string]watched
	// decoded caches the Rego values of the objects that were read last.
	decoded *lru.Cache
	// questions are those of one decision; nil outside of Ahead.
	questions *questions
}

// watched is a resource with the cache of its informer.
type watched struct {
	policies.Resource
	objects toolscache.Indexer
}

var _ inventory.Live = &Inventory{}

// Watches are the informers behind the inventories of a process.
type Watches struct {
	Cache cache.Cache
	// Live reads from the API server itself.
	Live client.Reader
}

// Inventory returns an inventory of these resources once their caches are complete. It fails if ctx ends before.
func (w *Watches) Inventory(ctx context.Context, resources []string) (*Inventory, error) {
	inv := &Inventory{live: w.Live, resources: map[string]watched{}, decoded: lru.New(decodedObjects)}
	for _, name := range resources {
		resource, known := policies.LookupResource(name)
		if !known {
			return nil, fmt.Errorf("watch %s: no such resource", name)
		}
		inv.resources[name] = watched{Resource: resource}
		if resource.Live {
			continue
		}
		// Start all before waiting for the first.
		if _, err := w.Cache.GetInformer(ctx, object(resource), cache.BlockUntilSynced(false)); err != nil {
			return nil, fmt.Errorf("watch %s: %w", name, err)
		}
	}
	for _, name := range resources {
		each := inv.resources[name]
		if each.Live {
			continue
		}
		informer, err := w.Cache.GetInformer(ctx, object(each.Resource))
		if err != nil {
			return nil, fmt.Errorf("watch %s: %w: may Stateward list and watch it?", name, err)
		}
		if each.objects, err = indexed(informer); err != nil {
			return nil, fmt.Errorf("index %s: %w", name, err)
		}
		inv.resources[name] = each
	}
	return inv, nil
}

// indexed adds the indexes to an informer that does not have them yet.
func indexed(informer cache.Informer) (toolscache.Indexer, error) {
	shared, ok := informer.(toolscache.SharedIndexInformer)
	if !ok {
		return nil, fmt.Errorf("informer %T has no index", informer)
	}
	if _, has := shared.GetIndexer().GetIndexers()[byService]; has {
		return shared.GetIndexer(), nil
	}
	return shared.GetIndexer(), shared.AddIndexers(indexers())
}

// Release stops watching resources after the last request that may still read them, unless they are wanted then.
func (w *Watches) Release(ctx context.Context, resources []string, last time.Duration, wanted func(resource string) bool) {
	time.AfterFunc(last, func() {
		for _, name := range resources {
			if resource, known := policies.LookupResource(name); known && !resource.Live && !wanted(name) && ctx.Err() == nil {
				// The cache knows no reason to fail here, and a watch too many does no harm.
				_ = w.Cache.RemoveInformer(ctx, object(resource))
			}
		}
	})
}

// Options returns the cache options that Inventory needs: objects that rules read are cached as cachedObject, which only an
// Inventory can read.
func Options() cache.Options {
	held := map[client.Object]cache.ByObject{}
	for _, resource := range policies.Resources() {
		if resource.Live {
			continue
		}
		held[object(resource)] = cache.ByObject{Transform: (&transformer{resource: resource}).transform}
	}
	return cache.Options{ByObject: held, DefaultTransform: cache.TransformStripManagedFields()}
}

// Knows reports whether the resource is watched.
func (i *Inventory) Knows(resource string) bool {
	_, watched := i.resources[resource]
	return watched
}

// arrivesWith reports whether the resource may be missing from the cache because it was applied a moment ago, together with an
// object that names it. Others, such as claims and pods, are listed by rules, many at a time.
func arrivesWith(resource string) bool {
	switch resource {
	case "services", "statefulsets", "storageclasses", "namespaces":
		return true
	default:
		return false
	}
}

// Get returns an object from the cache or, if it is missing there and may exist, from the API server.
func (i *Inventory) Get(ctx context.Context, resource, namespace, name string) (ast.Value, error) {
	return i.get(ctx, resource, namespace, name, func(kept *cachedObject, _ look) (ast.Value, error) { return i.decode(kept) })
}

// GetAtVersion returns an object from the cache or, if that has another version, from the API server.
func (i *Inventory) GetAtVersion(ctx context.Context, resource, namespace, name, version string) (ast.Value, error) {
	return i.get(ctx, resource, namespace, name, func(kept *cachedObject, look look) (ast.Value, error) {
		if version != "" && kept.version != version {
			return look(ctx)
		}
		value, err := i.decode(kept)
		if err != nil || kept.version == version {
			return value, err
		}
		return i.questions.ask(ctx, inventory.ObjectPath(resource, namespace, name), value, look)
	})
}

// get leaves an object that is cached to the function, with what reads it from the API server.
func (i *Inventory) get(
	ctx context.Context, resource, namespace, name string, cached func(*cachedObject, look) (ast.Value, error),
) (ast.Value, error) {
	from, ok := i.resources[resource]
	if !ok || !canExist(namespace) || !canExist(name) || name == "" {
		return nil, nil
	}
	key := client.ObjectKey{Namespace: namespace, Name: name}
	if from.Optional {
		return i.lookIfServed(ctx, from.Resource, key)
	}
	if from.Live {
		return i.look(ctx, from.Resource, key)
	}
	stored, found, err := from.objects.GetByKey(toolscache.NewObjectName(namespace, name).String())
	if err != nil {
		return nil, err
	}
	look := func(ctx context.Context) (ast.Value, error) { return i.look(ctx, from.Resource, key) }
	if found {
		kept, err := cachedObjectOf(stored)
		if err != nil {
			return nil, err
		}
		return cached(kept, look)
	}
	if arrivesWith(resource) {
		return i.questions.ask(ctx, inventory.ObjectPath(resource, namespace, name), nil, look)
	}
	return nil, nil
}

// List returns the cached objects of a namespace by name. StatefulSets are searched as for Governed. Confirmations, which count
// as soon as they are created, and objects of optional APIs are always read from the API server.
func (i *Inventory) List(ctx context.Context, resource, namespace string) (ast.Value, error) {
	if from, ok := i.resources[resource]; ok && from.Optional {
		return i.listIfServed(ctx, from.Resource, namespace)
	}
	if resource == policies.Confirmations {
		return i.confirmations(ctx, namespace)
	}
	if namespace == "" {
		return i.list(resource, func(from toolscache.Indexer) ([]any, error) { return from.List(), nil }, everything)
	}
	listed, err := i.list(resource, inNamespace(namespace), everything)
	if err != nil || resource != "statefulsets" {
		return listed, err
	}
	return i.orLive(ctx, inventory.ListPath(resource, namespace), listed, namespace, func(*unstructured.Unstructured) bool { return true })
}

// Selecting returns the cached objects whose selector labels are a subset of these.
func (i *Inventory) Selecting(ctx context.Context, resource, namespace string, labels inventory.Labels) (ast.Value, error) {
	if !hasLabelIndexes(resource) {
		return i.List(ctx, resource, namespace)
	}
	keys := []string{labelKey(namespace, "", "")}
	for name, value := range labels {
		keys = append(keys, labelKey(namespace, name, value))
	}
	return i.list(resource, under(bySelectorLabel, keys...), func(kept *cachedObject) bool { return kept.keys.selector.subsetOf(labels) })
}

// Labelled returns the cached workloads whose pods have all these labels, or the current pods themselves: the next request must
// see what this one deletes.
func (i *Inventory) Labelled(ctx context.Context, resource, namespace string, labels inventory.Labels) (ast.Value, error) {
	if from, ok := i.resources[resource]; ok && (from.Live || resource == "pods") {
		return i.searchLabelled(ctx, from.Resource, namespace, labels)
	}
	if !hasLabelIndexes(resource) || len(labels) == 0 {
		return i.List(ctx, resource, namespace)
	}
	// Each label finds all candidates: one is enough.
	name := slices.Min(slices.Collect(maps.Keys(labels)))
	found := under(byPodLabel, labelKey(namespace, name, labels[name]))
	return i.list(resource, found, func(kept *cachedObject) bool { return kept.keys.podLabels.haveAll(labels) })
}

// Governed returns the cached StatefulSets that name this Service.
func (i *Inventory) Governed(ctx context.Context, namespace, service string) (ast.Value, error) {
	listed, err := i.list("statefulsets", under(byService, nameKey(namespace, service)), everything)
	if err != nil {
		return nil, err
	}
	path := inventory.IndexPath("governed", namespace, service)
	return i.orLive(ctx, path, listed, namespace, func(set *unstructured.Unstructured) bool { return serviceOf(set) == service })
}

// Mounting returns the cached Pods that use this claim.
func (i *Inventory) Mounting(_ context.Context, namespace, claim string) (ast.Value, error) {
	return i.list("pods", under(byClaim, nameKey(namespace, claim)), everything)
}

// Owned returns the cached StatefulSets with an owner of this kind.
func (i *Inventory) Owned(_ context.Context, group, kind string) (ast.Value, error) {
	named := func(kept *cachedObject) string { return nameKey(kept.namespace.Value(), kept.name) }
	return i.listAs("statefulsets", named, under(byOwner, nameKey(group, kind)), everything)
}

// Naming returns the cached objects that name this cluster-scoped object. The pods of a node are read from the API server: a
// decision about all of them needs their current state.
func (i *Inventory) Naming(ctx context.Context, resource, named string) (ast.Value, error) {
	from, ok := i.resources[resource]
	if ok && resource == "pods" {
		return i.searchOnNode(ctx, from.Resource, strings.TrimPrefix(named, "Node/"))
	}
	name := func(kept *cachedObject) string {
		return strings.TrimPrefix(nameKey(kept.namespace.Value(), kept.name), "/")
	}
	return i.listAs(resource, name, under(byNamed, named), everything)
}

// Matching returns the StatefulSets whose own labels match, as the API server has them.
func (i *Inventory) Matching(ctx context.Context, namespace, selector string) (ast.Value, error) {
	wanted, err := inventory.ReadSelector(selector)
	if err != nil {
		return nil, err
	}
	from, ok := i.resources["statefulsets"]
	if !ok || namespace != "" && !canExist(namespace) {
		return ast.NewObject(), nil
	}
	named := func(set *unstructured.Unstructured) string { return nameKey(set.GetNamespace(), set.GetName()) }
	everything := func(*unstructured.Unstructured) bool { return true }
	return i.searchAs(ctx, from.Resource, namespace, named, everything, client.MatchingLabelsSelector{Selector: wanted})
}

// orLive returns the cached StatefulSets or, if there are none, those of the API server: that no set needs a Service, a claim
// or a namespace must be true now.
func (i *Inventory) orLive(
	ctx context.Context, path []string, cached ast.Object, namespace string, wanted func(*unstructured.Unstructured) bool,
) (ast.Value, error) {
	from, ok := i.resources["statefulsets"]
	if !ok || cached.Len() > 0 || !canExist(namespace) {
		return cached, nil
	}
	return i.questions.ask(ctx, path, cached, func(ctx context.Context) (ast.Value, error) {
		return i.search(ctx, from.Resource, namespace, wanted)
	})
}

func everything(*cachedObject) bool { return true }

func inNamespace(namespace string) func(toolscache.Indexer) ([]any, error) {
	return under(toolscache.NamespaceIndex, namespace)
}

// under looks up the objects of an index that have one of these keys.
func under(index string, keys ...string) func(toolscache.Indexer) ([]any, error) {
	return func(from toolscache.Indexer) (found []any, err error) {
		for _, key := range keys {
			objects, err := from.ByIndex(index, key)
			if err != nil {
				return nil, err
			}
			found = append(found, objects...)
		}
		return found, nil
	}
}

// list returns by name the objects that look finds and that are wanted.
func (i *Inventory) list(resource string, look func(toolscache.Indexer) ([]any, error), wanted func(*cachedObject) bool) (ast.Object, error) {
	return i.listAs(resource, func(kept *cachedObject) string { return kept.name }, look, wanted)
}

// listAs is list with other keys.
func (i *Inventory) listAs(
	resource string, named func(*cachedObject) string, look func(toolscache.Indexer) ([]any, error), wanted func(*cachedObject) bool,
) (ast.Object, error) {
	listed := ast.NewObject()
	from, ok := i.resources[resource]
	if !ok || from.Live {
		return listed, nil
	}
	objects, err := look(from.objects)
	if err != nil {
		return nil, err
	}
	for _, each := range objects {
		kept, err := cachedObjectOf(each)
		if err != nil {
			return nil, err
		}
		if !wanted(kept) {
			continue
		}
		value, err := i.decode(kept)
		if err != nil {
			return nil, err
		}
		listed.Insert(ast.StringTerm(named(kept)), ast.NewTerm(value))
	}
	return listed, nil
}

// decode returns a cached object as a Rego value, which is cached too for objects that are read often.
func (i *Inventory) decode(kept *cachedObject) (ast.Value, error) {
	if known, ok := i.decoded.Get(kept); ok {
		value, _ := known.(ast.Value)
		return value, nil
	}
	value, err := kept.value()
	if err != nil {
		return nil, err
	}
	i.decoded.Add(kept, value)
	return value, nil
}

// canExist reports whether an API server accepts the name. A request with another one would be an error, and the answer is
// that there is no such object.
func canExist(name string) bool { return len(content.IsPathSegmentName(name)) == 0 }

func object(resource policies.Resource) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind(resource))
	return object
}

func kind(resource policies.Resource) schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: resource.Group, Version: resource.Version, Kind: resource.Kind}
}
