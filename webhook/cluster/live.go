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
	// lookTimeout bounds what is asked of the API server itself: an object that the cache does not hold, or a search of one
	// namespace. `kubectl apply -f` creates a Service and its StatefulSet within milliseconds of each other, sooner than a
	// watch reports the first. The deadline of the request holds as well, and an answer in two seconds is of more use than a
	// refusal in half a second: a slow API server is busy, and a refused request comes again.
	lookTimeout = 2 * time.Second
	// searchPage is how many objects are asked for at a time.
	searchPage = 500
)

// look asks the API server itself.
func (w *Inventory) look(ctx context.Context, resource policies.Resource, key client.ObjectKey) (ast.Value, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	found := object(resource)
	if err := w.live.Get(ctx, key, found); err != nil {
		return nil, late(client.IgnoreNotFound(err))
	}
	return parse(found)
}

// searchLabelled returns by name the objects of a namespace that have all these labels.
func (w *Inventory) searchLabelled(ctx context.Context, resource policies.Resource, namespace string, labels inventory.Labels) (ast.Value, error) {
	if len(labels) == 0 || !canExist(namespace) {
		return ast.NewObject(), nil
	}
	everything := func(*unstructured.Unstructured) bool { return true }
	return w.search(ctx, resource, namespace, everything, client.MatchingLabels(labels))
}

// searchOnNode returns by NAMESPACE/NAME the pods of a node.
func (w *Inventory) searchOnNode(ctx context.Context, pods policies.Resource, node string) (ast.Value, error) {
	name := func(pod *unstructured.Unstructured) string { return nameKey(pod.GetNamespace(), pod.GetName()) }
	everything := func(*unstructured.Unstructured) bool { return true }
	return w.searchAs(ctx, pods, "", name, everything, client.MatchingFields{"spec.nodeName": node})
}

// search returns by name what is wanted of the objects that a namespace has in the API server itself.
func (w *Inventory) search(
	ctx context.Context, resource policies.Resource, namespace string, wanted func(*unstructured.Unstructured) bool,
	options ...client.ListOption,
) (ast.Object, error) {
	return w.searchAs(ctx, resource, namespace, (*unstructured.Unstructured).GetName, wanted, options...)
}

// searchAs is search with other keys.
func (w *Inventory) searchAs(
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
		if err := w.live.List(ctx, page, each...); err != nil {
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
func (w *Inventory) confirmations(ctx context.Context, namespace string) (ast.Value, error) {
	from, known := w.resources[policies.Confirmations]
	if !known || !canExist(namespace) {
		return ast.NewObject(), nil
	}
	found, err := w.search(ctx, from.Resource, namespace, func(*unstructured.Unstructured) bool { return true })
	if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) || meta.IsNoMatchError(err) {
		return ast.NewObject(), nil
	}
	return found, err
}

// late tells a look-up for which there was no time from one that went wrong: it can be repeated.
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
