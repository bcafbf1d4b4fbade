// Package cluster is the World of a live cluster: what the informer caches hold, and one look at the API server
// itself where they do not hold it yet.
package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// liveTimeout bounds the look-up of an object that the cache does not hold. `kubectl apply -f` creates a Service and
// its StatefulSet within milliseconds of each other, sooner than a watch tells of the first.
const liveTimeout = 500 * time.Millisecond

// byService is the index of StatefulSets by the Service that they name.
const byService = "spec.serviceName"

// World answers from the caches of the resources that it was made for, and knows nothing of others. A deleted object
// may be found for as long as its watch event is on the way, some milliseconds.
type World struct {
	cache     client.Reader
	live      client.Reader
	resources map[string]policies.Resource
	// sets is the index of StatefulSets; nil where they are not watched.
	sets toolscache.Indexer
}

var _ engine.World = &World{}

// Watches are the informers behind the Worlds of a process.
type Watches struct {
	Cache cache.Cache
	// Live reads from the API server itself.
	Live client.Reader
}

// World returns a World of these resources once their caches are complete. It fails where ctx ends before.
func (w *Watches) World(ctx context.Context, resources []string) (*World, error) {
	world := &World{cache: w.Cache, live: w.Live, resources: map[string]policies.Resource{}}
	for _, name := range resources {
		resource, known := policies.LookupResource(name)
		if !known {
			return nil, fmt.Errorf("watch %s: no such resource", name)
		}
		world.resources[name] = resource
		// All begin before the first is waited for.
		if _, err := w.Cache.GetInformer(ctx, object(resource), cache.BlockUntilSynced(false)); err != nil {
			return nil, fmt.Errorf("watch %s: %w", name, err)
		}
	}
	for _, name := range resources {
		informer, err := w.Cache.GetInformer(ctx, object(world.resources[name]))
		if err != nil {
			return nil, fmt.Errorf("watch %s: %w: may Stateward list and watch it?", name, err)
		}
		if name == "statefulsets" {
			if world.sets, err = indexed(informer); err != nil {
				return nil, fmt.Errorf("index %s: %w", name, err)
			}
		}
	}
	return world, nil
}

// indexed adds the index to an informer that does not have it yet.
func indexed(informer cache.Informer) (toolscache.Indexer, error) {
	shared, ok := informer.(toolscache.SharedIndexInformer)
	if !ok {
		return nil, fmt.Errorf("informer %T has no index", informer)
	}
	if _, has := shared.GetIndexer().GetIndexers()[byService]; has {
		return shared.GetIndexer(), nil
	}
	err := shared.AddIndexers(toolscache.Indexers{byService: func(object any) ([]string, error) {
		set, ok := object.(*unstructured.Unstructured)
		if !ok {
			return nil, fmt.Errorf("the cache holds a %T", object)
		}
		service, _, err := unstructured.NestedString(set.Object, "spec", "serviceName")
		return []string{serviceKey(set.GetNamespace(), service)}, err
	}})
	return shared.GetIndexer(), err
}

func serviceKey(namespace, service string) string { return namespace + "/" + service }

// Release stops to watch resources, after the last request that may still look at them, unless they are wanted then.
func (w *Watches) Release(ctx context.Context, resources []string, last time.Duration, wanted func(resource string) bool) {
	time.AfterFunc(last, func() {
		for _, name := range resources {
			if resource, known := policies.LookupResource(name); known && !wanted(name) && ctx.Err() == nil {
				// The cache knows no reason to fail here, and a watch too many does no harm.
				_ = w.Cache.RemoveInformer(ctx, object(resource))
			}
		}
	})
}

// Options are the cache options that World counts on: objects are shared, never changed, and held without the
// managedFields that no rule reads.
func Options() cache.Options {
	share := true
	return cache.Options{
		DefaultTransform:             cache.TransformStripManagedFields(),
		DefaultUnsafeDisableDeepCopy: &share,
	}
}

// Knows reports whether the resource is watched.
func (w *World) Knows(resource string) bool {
	_, watched := w.resources[resource]
	return watched
}

// arrivesWith reports whether the resource may be missing from the cache only because somebody applied it a moment ago,
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
func (w *World) Get(ctx context.Context, resource, namespace, name string) (ast.Value, error) {
	watched, ok := w.resources[resource]
	if !ok || !canExist(namespace) || !canExist(name) || name == "" {
		return nil, nil
	}
	key := client.ObjectKey{Namespace: namespace, Name: name}
	found := object(watched)
	err := w.cache.Get(ctx, key, found)
	if apierrors.IsNotFound(err) && arrivesWith(resource) {
		err = w.look(ctx, key, found)
	}
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return ast.InterfaceToValue(found.Object)
}

// List returns the cached objects of a namespace by name.
func (w *World) List(ctx context.Context, resource, namespace string) (ast.Value, error) {
	return w.list(ctx, resource, namespace, func(map[string]any) bool { return true })
}

// Selecting returns the cached objects that want no other label than these. To look at all there are is cheap beside
// making values for Rego of them.
func (w *World) Selecting(ctx context.Context, resource, namespace string, labels engine.Labels) (ast.Value, error) {
	return w.list(ctx, resource, namespace, func(object map[string]any) bool {
		return labels.Has(engine.Wanted(resource, object))
	})
}

// Labelled returns the cached workloads whose pods have all these labels.
func (w *World) Labelled(ctx context.Context, resource, namespace string, labels engine.Labels) (ast.Value, error) {
	return w.list(ctx, resource, namespace, func(object map[string]any) bool { return engine.Given(object).Has(labels) })
}

// list returns by name the cached objects of a namespace that are wanted.
func (w *World) list(ctx context.Context, resource, namespace string, wanted func(object map[string]any) bool) (ast.Value, error) {
	listed := ast.NewObject()
	watched, ok := w.resources[resource]
	if !ok {
		return listed, nil
	}
	var list unstructured.UnstructuredList
	list.SetGroupVersionKind(kind(watched))
	if err := w.cache.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		return nil, err
	}
	for index := range list.Items {
		if !wanted(list.Items[index].Object) {
			continue
		}
		if err := insert(listed, &list.Items[index]); err != nil {
			return nil, err
		}
	}
	return listed, nil
}

// Governed returns the cached StatefulSets that name this Service.
func (w *World) Governed(_ context.Context, namespace, service string) (ast.Value, error) {
	governed := ast.NewObject()
	if w.sets == nil {
		return governed, nil
	}
	sets, err := w.sets.ByIndex(byService, serviceKey(namespace, service))
	if err != nil {
		return nil, err
	}
	for _, each := range sets {
		set, ok := each.(*unstructured.Unstructured)
		if !ok {
			return nil, fmt.Errorf("the cache holds a %T", each)
		}
		if err := insert(governed, set); err != nil {
			return nil, err
		}
	}
	return governed, nil
}

func insert(into ast.Object, object *unstructured.Unstructured) error {
	value, err := ast.InterfaceToValue(object.Object)
	if err != nil {
		return err
	}
	into.Insert(ast.StringTerm(object.GetName()), ast.NewTerm(value))
	return nil
}

// canExist is false for what no API server takes for a name, whatever somebody wrote into a field: asking for it would
// be an error where "there is none" is the answer.
func canExist(name string) bool { return len(content.IsPathSegmentName(name)) == 0 }

func (w *World) look(ctx context.Context, key client.ObjectKey, found *unstructured.Unstructured) error {
	ctx, cancel := context.WithTimeout(ctx, liveTimeout)
	defer cancel()
	return w.live.Get(ctx, key, found)
}

func object(resource policies.Resource) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind(resource))
	return object
}

func kind(resource policies.Resource) schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: resource.Group, Version: resource.Version, Kind: resource.Kind}
}
