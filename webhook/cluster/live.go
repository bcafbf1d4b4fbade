package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
)

const (
	// lookTimeout bounds a request to the API server: for an object that is not in the cache, or a search of one namespace.
	// `kubectl apply -f` creates a Service and its StatefulSet within milliseconds, before a watch reports the first. The
	// deadline of the request applies too. An answer in two seconds is better than a refusal in half a second: a slow API
	// server is busy, and a refused request is sent again.
	lookTimeout = 2 * time.Second
	// searchPage is the number of objects in one page of a list.
	searchPage = 500
)

// look reads an object from the API server.
func (i *Inventory) look(ctx context.Context, resource policies.Resource, key client.ObjectKey) (ast.Value, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	found := object(resource)
	if err := i.live.Get(ctx, key, found); err != nil {
		return nil, late(client.IgnoreNotFound(err))
	}
	return parse(found)
}

// searchLabelled returns by name the objects of a namespace that have all these labels.
func (i *Inventory) searchLabelled(ctx context.Context, resource policies.Resource, namespace string, labels inventory.Labels) (ast.Value, error) {
	if len(labels) == 0 || !canExist(namespace) {
		return ast.NewObject(), nil
	}
	everything := func(*unstructured.Unstructured) bool { return true }
	return i.search(ctx, resource, namespace, everything, client.MatchingLabels(labels))
}

// searchOnNode returns by NAMESPACE/NAME the pods of a node.
func (i *Inventory) searchOnNode(ctx context.Context, pods policies.Resource, node string) (ast.Value, error) {
	name := func(pod *unstructured.Unstructured) string { return nameKey(pod.GetNamespace(), pod.GetName()) }
	everything := func(*unstructured.Unstructured) bool { return true }
	return i.searchAs(ctx, pods, "", name, everything, client.MatchingFields{"spec.nodeName": node})
}

// search returns by name the wanted objects of a namespace, from the API server.
func (i *Inventory) search(
	ctx context.Context, resource policies.Resource, namespace string, wanted func(*unstructured.Unstructured) bool,
	options ...client.ListOption,
) (ast.Object, error) {
	return i.searchAs(ctx, resource, namespace, (*unstructured.Unstructured).GetName, wanted, options...)
}

// searchAs is search with other keys.
func (i *Inventory) searchAs(
	ctx context.Context, resource policies.Resource, namespace string, named func(*unstructured.Unstructured) string,
	wanted func(*unstructured.Unstructured) bool, options ...client.ListOption,
) (ast.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	found := ast.NewObject()
	page := &unstructured.UnstructuredList{}
	page.SetGroupVersionKind(kind(resource))
	for {
		each := append(slices.Clip(options), client.InNamespace(namespace), client.Limit(searchPage), client.Continue(page.GetContinue()))
		if err := i.live.List(ctx, page, each...); err != nil {
			return nil, late(err)
		}
		for index := range page.Items {
			each := &page.Items[index]
			if !wanted(each) {
				continue
			}
			value, err := parse(each)
			if err != nil {
				return nil, err
			}
			found.Insert(ast.StringTerm(named(each)), ast.NewTerm(value))
		}
		if page.GetContinue() == "" {
			return found, nil
		}
	}
}

// confirmations returns by name the Confirmations of a namespace. Where the cluster does not have the kind, or Stateward may
// not list it, there are none that count, and what they would have let through stays denied.
func (i *Inventory) confirmations(ctx context.Context, namespace string) (ast.Value, error) {
	from, known := i.resources[policies.Confirmations]
	if !known || !canExist(namespace) {
		return ast.NewObject(), nil
	}
	none := ast.NewObject()
	// Most denied requests have none.
	return i.questions.ask(ctx, inventory.ListPath(policies.Confirmations, namespace), none, func(ctx context.Context) (ast.Value, error) {
		found, err := i.search(ctx, from.Resource, namespace, func(*unstructured.Unstructured) bool { return true })
		if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) || meta.IsNoMatchError(err) {
			return none, nil
		}
		return found, err
	})
}

// late marks a look-up that exceeded its deadline: unlike other errors, it can be repeated.
func late(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", engine.ErrDeadline, err)
	}
	return err
}

func parse(found *unstructured.Unstructured) (ast.Value, error) {
	encoded, err := json.Marshal(found.Object)
	if err != nil {
		return nil, err
	}
	return lazy.ParseObject(encoded)
}
