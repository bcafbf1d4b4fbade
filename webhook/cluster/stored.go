package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/stateward/stateward/policies"
)

// Holds reports whether the caches hold all objects of a resource.
func (i *Inventory) Holds(resource string) bool { return i.resources[resource].objects != nil }

// Stored lists what the cache holds of a namespace (of the cluster, where it is empty), by name. Each of the functions unpacks
// one object: JSON without managedFields.
func (i *Inventory) Stored(resource, namespace string) ([]func() (json.RawMessage, error), error) {
	from := i.resources[resource].objects
	if from == nil {
		return nil, fmt.Errorf("no cache holds %s", resource)
	}
	objects, err := from.ByIndex(toolscache.NamespaceIndex, namespace)
	if err != nil {
		return nil, err
	}
	kept := make([]*cachedObject, len(objects))
	for index, each := range objects {
		if kept[index], err = cachedObjectOf(each); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(kept, func(a, b *cachedObject) int { return cmp.Compare(a.name, b.name) })
	found := make([]func() (json.RawMessage, error), len(kept))
	for index, each := range kept {
		found[index] = each.text
	}
	return found, nil
}

// Namespaces lists, sorted, the namespaces with a cached object of these resources.
func (i *Inventory) Namespaces(resources []string) []string {
	namespaces := map[string]bool{}
	for _, resource := range resources {
		if from := i.resources[resource]; from.objects != nil && from.Namespaced {
			for _, namespace := range from.objects.ListIndexFuncValues(toolscache.NamespaceIndex) {
				namespaces[namespace] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(namespaces))
}

// Follow calls changed for each change of an object of these resources from now on, until stop is called. It must not wait.
func (w *Watches) Follow(ctx context.Context, resources []string, changed func(resource, namespace string)) (stop func(), err error) {
	var followed []func()
	stop = func() {
		for _, each := range followed {
			each()
		}
	}
	for _, name := range resources {
		resource, known := policies.LookupResource(name)
		if !known || resource.Live {
			continue
		}
		informer, err := w.Cache.GetInformer(ctx, object(resource), cache.BlockUntilSynced(false))
		if err != nil {
			stop()
			return nil, fmt.Errorf("watch %s: %w", name, err)
		}
		handler, err := informer.AddEventHandler(handlerOf(name, changed))
		if err != nil {
			stop()
			return nil, fmt.Errorf("watch %s: %w", name, err)
		}
		// A handler of an informer that has ended cannot be removed, and is not called.
		followed = append(followed, func() { _ = informer.RemoveEventHandler(handler) })
	}
	return stop, nil
}

// handlerOf leaves out what was there before.
func handlerOf(resource string, changed func(resource, namespace string)) toolscache.ResourceEventHandlerDetailedFuncs {
	tell := func(object any) {
		if gone, isGone := object.(toolscache.DeletedFinalStateUnknown); isGone {
			object = gone.Obj
		}
		if accessor, err := meta.Accessor(object); err == nil {
			changed(resource, accessor.GetNamespace())
		}
	}
	return toolscache.ResourceEventHandlerDetailedFuncs{
		AddFunc: func(object any, isInInitialList bool) {
			if !isInInitialList {
				tell(object)
			}
		},
		UpdateFunc: func(old, object any) {
			before, err := meta.Accessor(old)
			after, other := meta.Accessor(object)
			// A resync repeats what is known.
			if err == nil && other == nil && before.GetResourceVersion() == after.GetResourceVersion() {
				return
			}
			tell(object)
		},
		DeleteFunc: tell,
	}
}
