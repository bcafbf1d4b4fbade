package engine

import (
	"context"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// mostLookedUp is how many StatefulSets are looked up for one deletion. Where it concerns more, enough of them are as the
// inventory has heard.
const mostLookedUp = 10

// fresh returns an inventory that is not behind the request in what that is about: StatefulSets of which the request holds no
// version itself.
func (p *Prepared) fresh(inv inventory.Inventory) inventory.Inventory {
	live, isLive := inv.(inventory.Live)
	if !isLive {
		return inv
	}
	switch resource, operation := p.kind.resource, p.kind.operation; {
	case resource == "statefulsets/scale":
		return p.scaled(live)
	case operation != "DELETE":
		return inv
	case resource == "services", resource == "namespaces", resource == "poddisruptionbudgets":
		return concerned{Live: live, by: func(string) bool { return true }}
	case resource == "persistentvolumeclaims":
		// The controller names claims TEMPLATE-SET-ORDINAL.
		claim, _ := lazy.String(p.request.named(lazy.Find(p.input, "request")))
		return concerned{Live: live, by: func(set string) bool { return strings.Contains(claim, "-"+set+"-") }}
	default:
		return inv
	}
}

// scaled returns the inventory for a Scale, which tells the version of its StatefulSet and little else. Source:
// scaleFromStatefulSet in pkg/registry/apps/statefulset/storage/storage.go. Old API servers send no old Scale.
func (p *Prepared) scaled(live inventory.Live) inventory.Inventory {
	version, known := lazy.String(lazy.Find(p.input, "request", "oldObject", "metadata", "resourceVersion"))
	if !known || version == "" {
		return live
	}
	return upToDate{Live: live, namespace: p.request.Namespace, name: p.request.Name, version: version}
}

// upToDate is an inventory whose one StatefulSet is as it is now.
type upToDate struct {
	inventory.Live
	namespace, name, version string
}

func (w upToDate) Get(ctx context.Context, resource, namespace, name string) (ast.Value, error) {
	if resource == "statefulsets" && namespace == w.namespace && name == w.name {
		return w.At(ctx, resource, namespace, name, w.version)
	}
	return w.Live.Get(ctx, resource, namespace, name)
}

// concerned is an inventory whose StatefulSets of some names are as they are now, or are not there any more.
type concerned struct {
	inventory.Live
	by func(set string) bool
}

func (w concerned) Governed(ctx context.Context, namespace, service string) (ast.Value, error) {
	sets, err := w.Live.Governed(ctx, namespace, service)
	if err != nil {
		return nil, err
	}
	return w.now(ctx, namespace, sets)
}

// Labelled is asked for the sets that a budget selects.
func (w concerned) Labelled(ctx context.Context, resource, namespace string, labels inventory.Labels) (ast.Value, error) {
	found, err := w.Live.Labelled(ctx, resource, namespace, labels)
	if err != nil || resource != "statefulsets" {
		return found, err
	}
	return w.now(ctx, namespace, found)
}

func (w concerned) List(ctx context.Context, resource, namespace string) (ast.Value, error) {
	listed, err := w.Live.List(ctx, resource, namespace)
	if err != nil || resource != "statefulsets" {
		return listed, err
	}
	return w.now(ctx, namespace, listed)
}

// now returns the sets of a namespace as they are.
func (w concerned) now(ctx context.Context, namespace string, sets ast.Value) (ast.Value, error) {
	heard, isObject := sets.(ast.Object)
	if !isObject {
		return sets, nil
	}
	concerns := func(key *ast.Term) bool {
		name, ok := key.Value.(ast.String)
		return ok && w.by(string(name))
	}
	count := 0
	heard.Foreach(func(key, _ *ast.Term) {
		if concerns(key) {
			count++
		}
	})
	if count == 0 || count > mostLookedUp {
		return sets, nil
	}
	now := ast.NewObject()
	err := heard.Iter(func(key, set *ast.Term) error {
		if !concerns(key) {
			now.Insert(key, set)
			return nil
		}
		name, _ := key.Value.(ast.String)
		found, err := w.At(ctx, "statefulsets", namespace, string(name), "")
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
