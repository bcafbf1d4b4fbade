// Package cluster is the inventory of a live cluster: what the informer caches hold, and one look at the API server
// itself where they do not hold it yet.
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

// decodedObjects is how many objects are kept as Rego sees them, besides as they are held: some 20 KiB each, for what is asked
// again and again.
const decodedObjects = 256

// inventory answers from the caches of the resources that it was made for, and knows nothing of others. A deleted object
// may be found for as long as its watch event is on the way, some milliseconds.
type Inventory struct {
	live      client.Reader
	resources map[string]watched
	// decoded are held objects as Rego sees them, those that were looked at last.
	decoded *lru.Cache
}

// watched is a resource with what its informer holds.
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

// inventory returns an inventory of these resources once their caches are complete. It fails where ctx ends before.
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
		// All begin before the first is waited for.
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

// Release stops to watch resources, after the last request that may still look at them, unless they are wanted then.
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

// Options are the cache options that inventory counts on: what rules read is held as a holder makes it. Nothing but an inventory can
// read it from the cache.
func Options() cache.Options {
	held := map[client.Object]cache.ByObject{}
	for _, resource := range policies.Resources() {
		if resource.Live {
			continue
		}
		held[object(resource)] = cache.ByObject{Transform: (&holder{resource: resource}).hold}
	}
	return cache.Options{ByObject: held, DefaultTransform: cache.TransformStripManagedFields()}
}

// Knows reports whether the resource is watched.
func (w *Inventory) Knows(resource string) bool {
	_, watched := w.resources[resource]
	return watched
}

// arrivesWith reports whether the resource may be missing from the cache only because it was applied a moment ago,
// together with what names it. Of the others, as claims and pods, rules ask which ones there are, many at a time.
func arrivesWith(resource string) bool {
	switch resource {
	case "services", "statefulsets", "storageclasses", "namespaces":
		return true
	default:
		return false
	}
}

// Get returns an object from the cache or, where the cache has none and should, from the API server.
func (w *Inventory) Get(ctx context.Context, resource, namespace, name string) (ast.Value, error) {
	return w.get(ctx, resource, namespace, name, everything)
}

// At returns an object from the cache or, where that has another version, from the API server.
func (w *Inventory) At(ctx context.Context, resource, namespace, name, version string) (ast.Value, error) {
	return w.get(ctx, resource, namespace, name, func(kept *held) bool { return kept.version == version })
}

func (w *Inventory) get(ctx context.Context, resource, namespace, name string, isNow func(*held) bool) (ast.Value, error) {
	from, ok := w.resources[resource]
	if !ok || !canExist(namespace) || !canExist(name) || name == "" {
		return nil, nil
	}
	key := client.ObjectKey{Namespace: namespace, Name: name}
	if from.Optional {
		return w.lookIfServed(ctx, from.Resource, key)
	}
	if from.Live {
		return w.look(ctx, from.Resource, key)
	}
	stored, found, err := from.objects.GetByKey(toolscache.NewObjectName(namespace, name).String())
	if err != nil {
		return nil, err
	}
	if found {
		kept, err := heldBy(stored)
		if err != nil {
			return nil, err
		}
		if isNow(kept) {
			return w.decode(kept)
		}
	}
	if found || arrivesWith(resource) {
		return w.look(ctx, from.Resource, key)
	}
	return nil, nil
}

// List returns the cached objects of a namespace by name. StatefulSets are looked for as for Governed, and Confirmations
// always, since one counts from the moment that it is made. So are objects of APIs that the cluster may lack.
func (w *Inventory) List(ctx context.Context, resource, namespace string) (ast.Value, error) {
	if from, ok := w.resources[resource]; ok && from.Optional {
		return w.listIfServed(ctx, from.Resource, namespace)
	}
	if resource == policies.Confirmations {
		return w.confirmations(ctx, namespace)
	}
	if namespace == "" {
		return w.list(resource, func(from toolscache.Indexer) ([]any, error) { return from.List(), nil }, everything)
	}
	listed, err := w.list(resource, inNamespace(namespace), everything)
	if err != nil || resource != "statefulsets" {
		return listed, err
	}
	return w.orLive(ctx, listed, namespace, func(*unstructured.Unstructured) bool { return true })
}

// Selecting returns the cached objects that want no other label than these.
func (w *Inventory) Selecting(ctx context.Context, resource, namespace string, labels inventory.Labels) (ast.Value, error) {
	if !isFoundByLabels(resource) {
		return w.List(ctx, resource, namespace)
	}
	keys := []string{labelKey(namespace, "", "")}
	for name, value := range labels {
		keys = append(keys, labelKey(namespace, name, value))
	}
	return w.list(resource, under(byWanted, keys...), func(kept *held) bool { return kept.sought.wanted.within(labels) })
}

// Labelled returns the cached workloads whose pods have all these labels, or the pods themselves, as they are now: what one
// request deletes, the next one counts.
func (w *Inventory) Labelled(ctx context.Context, resource, namespace string, labels inventory.Labels) (ast.Value, error) {
	if from, ok := w.resources[resource]; ok && (from.Live || resource == "pods") {
		return w.searchLabelled(ctx, from.Resource, namespace, labels)
	}
	if !isFoundByLabels(resource) || len(labels) == 0 {
		return w.List(ctx, resource, namespace)
	}
	// Each of the labels finds all that have it.
	name := slices.Min(slices.Collect(maps.Keys(labels)))
	found := under(byGiven, labelKey(namespace, name, labels[name]))
	return w.list(resource, found, func(kept *held) bool { return kept.sought.given.have(labels) })
}

// Governed returns the cached StatefulSets that name this Service.
func (w *Inventory) Governed(ctx context.Context, namespace, service string) (ast.Value, error) {
	listed, err := w.list("statefulsets", under(byService, nameKey(namespace, service)), everything)
	if err != nil {
		return nil, err
	}
	return w.orLive(ctx, listed, namespace, func(set *unstructured.Unstructured) bool { return serviceOf(set) == service })
}

// Mounting returns the cached Pods that use this claim.
func (w *Inventory) Mounting(_ context.Context, namespace, claim string) (ast.Value, error) {
	return w.list("pods", under(byClaim, nameKey(namespace, claim)), everything)
}

// Owned returns the cached StatefulSets with an owner of this kind.
func (w *Inventory) Owned(_ context.Context, group, kind string) (ast.Value, error) {
	named := func(kept *held) string { return nameKey(kept.namespace.Value(), kept.name) }
	return w.listAs("statefulsets", named, under(byOwner, nameKey(group, kind)), everything)
}

// Naming returns the cached objects that name this object of the whole cluster, and of pods those that run on a node now: no
// watch is behind what decides about all of a node.
func (w *Inventory) Naming(ctx context.Context, resource, named string) (ast.Value, error) {
	from, ok := w.resources[resource]
	if ok && resource == "pods" {
		return w.searchOnNode(ctx, from.Resource, strings.TrimPrefix(named, "Node/"))
	}
	name := func(kept *held) string { return strings.TrimPrefix(nameKey(kept.namespace.Value(), kept.name), "/") }
	return w.listAs(resource, name, under(byNamed, named), everything)
}

// Matching returns the StatefulSets whose own labels match, as the API server has them.
func (w *Inventory) Matching(ctx context.Context, namespace, selector string) (ast.Value, error) {
	wanted, err := inventory.ReadSelector(selector)
	if err != nil {
		return nil, err
	}
	from, ok := w.resources["statefulsets"]
	if !ok || namespace != "" && !canExist(namespace) {
		return ast.NewObject(), nil
	}
	named := func(set *unstructured.Unstructured) string { return nameKey(set.GetNamespace(), set.GetName()) }
	everything := func(*unstructured.Unstructured) bool { return true }
	return w.searchAs(ctx, from.Resource, namespace, named, everything, client.MatchingLabelsSelector{Selector: wanted})
}

// orLive returns the StatefulSets that the cache has or, where it has none, those of the API server: that nothing needs a
// Service, a claim or a namespace is taken for true only as of now.
func (w *Inventory) orLive(
	ctx context.Context, cached ast.Object, namespace string, wanted func(*unstructured.Unstructured) bool,
) (ast.Value, error) {
	from, ok := w.resources["statefulsets"]
	if !ok || cached.Len() > 0 || !canExist(namespace) {
		return cached, nil
	}
	return w.search(ctx, from.Resource, namespace, wanted)
}

func everything(*held) bool { return true }

func inNamespace(namespace string) func(toolscache.Indexer) ([]any, error) {
	return under(toolscache.NamespaceIndex, namespace)
}

// under looks up what an index has under one of these keys.
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

// list returns by name what look finds and is wanted.
func (w *Inventory) list(resource string, look func(toolscache.Indexer) ([]any, error), wanted func(*held) bool) (ast.Object, error) {
	return w.listAs(resource, func(kept *held) string { return kept.name }, look, wanted)
}

// listAs is list with other keys.
func (w *Inventory) listAs(
	resource string, named func(*held) string, look func(toolscache.Indexer) ([]any, error), wanted func(*held) bool,
) (ast.Object, error) {
	listed := ast.NewObject()
	from, ok := w.resources[resource]
	if !ok || from.Live {
		return listed, nil
	}
	objects, err := look(from.objects)
	if err != nil {
		return nil, err
	}
	for _, each := range objects {
		kept, err := heldBy(each)
		if err != nil {
			return nil, err
		}
		if !wanted(kept) {
			continue
		}
		value, err := w.decode(kept)
		if err != nil {
			return nil, err
		}
		listed.Insert(ast.StringTerm(named(kept)), ast.NewTerm(value))
	}
	return listed, nil
}

// decode returns what the cache holds as Rego sees it, made once for each version of an object that is looked at often.
func (w *Inventory) decode(kept *held) (ast.Value, error) {
	if known, ok := w.decoded.Get(kept); ok {
		value, _ := known.(ast.Value)
		return value, nil
	}
	value, err := kept.value()
	if err != nil {
		return nil, err
	}
	w.decoded.Add(kept, value)
	return value, nil
}

// canExist is false for what no API server takes for a name, whatever a field says: asking for it would
// be an error where "there is none" is the answer.
func canExist(name string) bool { return len(content.IsPathSegmentName(name)) == 0 }

func object(resource policies.Resource) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind(resource))
	return object
}

func kind(resource policies.Resource) schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: resource.Group, Version: resource.Version, Kind: resource.Kind}
}
