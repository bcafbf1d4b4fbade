package engine

import (
	"context"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// mostLookedUp is how many StatefulSets are read from the API server for one deletion. If it concerns more, their cached
// versions decide.
const mostLookedUp = 10

// fresh returns an inventory with up-to-date versions of the StatefulSets that the request is about and does not contain.
func (p *Prepared) fresh(inv inventory.Inventory) inventory.Inventory {
	live, isLive := inv.(inventory.Live)
	if !isLive {
		return inv
	}
	switch resource, operation := p.kind.resource, p.kind.operation; {
	case resource == "statefulsets/scale":
		return p.forScale(live)
	case operation != "DELETE":
		return inv
	case resource == "services", resource == "namespaces", resource == "poddisruptionbudgets":
		return withFreshStatefulSets{Live: live, selects: func(string) bool { return true }}
	case resource == "persistentvolumeclaims":
		// The controller names claims TEMPLATE-SET-ORDINAL.
		claim, _ := lazy.String(p.request.named(lazy.Find(p.input, "request")))
		return withFreshStatefulSets{Live: live, selects: func(set string) bool { return strings.Contains(claim, "-"+set+"-") }}
	default:
		return inv
	}
}

// forScale returns the inventory for a Scale, which has the version of its StatefulSet and little else. Source:
// scaleFromStatefulSet in pkg/registry/apps/statefulset/storage/storage.go. Old API servers send no old Scale.
func (p *Prepared) forScale(live inventory.Live) inventory.Inventory {
	version, known := lazy.String(lazy.Find(p.input, "request", "oldObject", "metadata", "resourceVersion"))
	if !known || version == "" {
		return live
	}
	return withFreshStatefulSet{Live: live, namespace: p.request.Namespace, name: p.request.Name, version: version}
}

// withFreshStatefulSet is an inventory with the current version of one StatefulSet.
type withFreshStatefulSet struct {
	inventory.Live
	namespace, name, version string
}

func (i withFreshStatefulSet) Get(ctx context.Context, resource, namespace, name string) (ast.Value, error) {
	if resource == "statefulsets" && namespace == i.namespace && name == i.name {
		return i.GetAtVersion(ctx, resource, namespace, name, i.version)
	}
	return i.Live.Get(ctx, resource, namespace, name)
}

// withFreshStatefulSets is an inventory with the current versions of the StatefulSets that it selects by name. It lacks those
// that have been deleted.
type withFreshStatefulSets struct {
	inventory.Live
	selects func(set string) bool
}

func (i withFreshStatefulSets) Governed(ctx context.Context, namespace, service string) (ast.Value, error) {
	sets, err := i.Live.Governed(ctx, namespace, service)
	if err != nil {
		return nil, err
	}
	return i.refreshed(ctx, namespace, sets)
}

// Labelled finds the sets that a budget selects.
func (i withFreshStatefulSets) Labelled(ctx context.Context, resource, namespace string, labels inventory.Labels) (ast.Value, error) {
	found, err := i.Live.Labelled(ctx, resource, namespace, labels)
	if err != nil || resource != "statefulsets" {
		return found, err
	}
	return i.refreshed(ctx, namespace, found)
}

func (i withFreshStatefulSets) List(ctx context.Context, resource, namespace string) (ast.Value, error) {
	listed, err := i.Live.List(ctx, resource, namespace)
	if err != nil || resource != "statefulsets" {
		return listed, err
	}
	return i.refreshed(ctx, namespace, listed)
}

// refreshed returns the sets of a namespace, those that are selected in their current version.
func (i withFreshStatefulSets) refreshed(ctx context.Context, namespace string, sets ast.Value) (ast.Value, error) {
	cached, isObject := sets.(ast.Object)
	if !isObject {
		return sets, nil
	}
	selected := func(key *ast.Term) bool {
		name, ok := key.Value.(ast.String)
		return ok && i.selects(string(name))
	}
	count := 0
	cached.Foreach(func(key, _ *ast.Term) {
		if selected(key) {
			count++
		}
	})
	if count == 0 || count > mostLookedUp {
		return sets, nil
	}
	now := ast.NewObject()
	err := cached.Iter(func(key, set *ast.Term) error {
		if !selected(key) {
			now.Insert(key, set)
			return nil
		}
		name, _ := key.Value.(ast.String)
		found, err := i.GetAtVersion(ctx, "statefulsets", namespace, string(name), "")
		if found != nil {
			now.Insert(key, ast.NewTerm(found))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return now, nil
}
