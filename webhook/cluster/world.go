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
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// liveTimeout bounds the look-up of an object that the cache does not hold. `kubectl apply -f` creates a Service and
// its StatefulSet within milliseconds of each other, sooner than a watch tells of the first.
const liveTimeout = 500 * time.Millisecond

// World answers from the caches of the resources that it was made for, and knows nothing of others. A deleted object
// may be found for as long as its watch event is on the way, some milliseconds.
type World struct {
	cache     client.Reader
	live      client.Reader
	resources map[string]policies.Resource
}

var _ engine.World = &World{}

// New starts an informer for each resource and does not wait for it. It fails where the API server cannot be asked
// what the resources are.
func New(ctx context.Context, informers cache.Cache, live client.Reader, resources []string) (*World, error) {
	world := &World{cache: informers, live: live, resources: map[string]policies.Resource{}}
	for _, name := range resources {
		resource, known := policies.LookupResource(name)
		if !known {
			return nil, fmt.Errorf("watch %s: no such resource", name)
		}
		world.resources[name] = resource
		if _, err := informers.GetInformer(ctx, object(resource), cache.BlockUntilSynced(false)); err != nil {
			return nil, fmt.Errorf("watch %s: %w", name, err)
		}
	}
	return world, nil
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

// Get returns an object from the cache or, where the cache has none, from the API server.
func (w *World) Get(ctx context.Context, resource, namespace, name string) (ast.Value, error) {
	watched, ok := w.resources[resource]
	if !ok || !canExist(namespace) || !canExist(name) || name == "" {
		return nil, nil
	}
	key := client.ObjectKey{Namespace: namespace, Name: name}
	found := object(watched)
	err := w.cache.Get(ctx, key, found)
	if apierrors.IsNotFound(err) && !madeByControllers(resource) {
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
		value, err := ast.InterfaceToValue(list.Items[index].Object)
		if err != nil {
			return nil, err
		}
		listed.Insert(ast.StringTerm(list.Items[index].GetName()), ast.NewTerm(value))
	}
	return listed, nil
}

// madeByControllers tells what nobody creates in one breath with a StatefulSet. Rules ask for many of them by names that
// most often do not exist, and the cache is enough to know that.
func madeByControllers(resource string) bool {
	return resource == "pods" || resource == "persistentvolumeclaims"
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
