package auditor

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-logr/logr"
	"github.com/open-policy-agent/opa/v1/ast"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/pager"

	"github.com/stateward/stateward/policies"
)

// copies are what a cluster may lack, such as snapshots: no cache holds them, and a pass lists each kind once, when it is first
// looked up. A change within the pass is evaluated by the same copy.
type copies struct {
	api dynamic.Interface
	log logr.Logger
	// byNamespace has the objects of each resource by their names; of resources of the whole cluster the namespace is empty.
	byNamespace map[string]map[string]ast.Object
}

func newCopies(api dynamic.Interface, log logr.Logger) *copies {
	return &copies{api: api, log: log, byNamespace: map[string]map[string]ast.Object{}}
}

// in returns the objects of a namespace. What cannot be listed is not known, as for decisions about requests.
func (c *copies) in(ctx context.Context, resource policies.Resource, namespace string) ast.Object {
	if _, copied := c.byNamespace[resource.Name]; !copied {
		all, err := c.list(ctx, resource)
		if err != nil {
			all = nil
			if !apierrors.IsNotFound(err) {
				c.log.Error(err, "the audit does not know these objects until its next full pass", "resource", resource.Name)
			}
		}
		c.byNamespace[resource.Name] = all
	}
	if found, has := c.byNamespace[resource.Name][namespace]; has {
		return found
	}
	return ast.NewObject()
}

func (c *copies) list(ctx context.Context, resource policies.Resource) (map[string]ast.Object, error) {
	kind := schema.GroupVersionResource{Group: resource.Group, Version: resource.Version, Resource: resource.Name}
	pages := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return c.api.Resource(kind).List(ctx, options)
	})
	pages.PageSize = listedAtOnce
	all := map[string]ast.Object{}
	err := pages.EachListItem(ctx, metav1.ListOptions{}, func(each runtime.Object) error {
		object, ok := each.(*unstructured.Unstructured)
		if !ok {
			return fmt.Errorf("the API server answered with a %T", each)
		}
		object.SetManagedFields(nil)
		value, err := ast.InterfaceToValue(object.Object)
		if err != nil {
			return err
		}
		if all[object.GetNamespace()] == nil {
			all[object.GetNamespace()] = ast.NewObject()
		}
		all[object.GetNamespace()].Insert(ast.StringTerm(object.GetName()), ast.NewTerm(value))
		return nil
	})
	return all, err
}

// withCopies is a Stock that answers from the copies what no cache holds.
type withCopies struct {
	Stock

	copies *copies
	// absent are objects that a look-up did not find: the Stock asks the API server for each of them, every time.
	absent map[string]bool
	// budget is charged for what the Stock may have read from the API server.
	budget *budget
}

// Get returns an object of the copies, or of the Stock.
func (w withCopies) Get(ctx context.Context, resource, namespace, name string) (ast.Value, error) {
	known, _ := policies.LookupResource(resource)
	if !known.Optional {
		return w.look(ctx, known, namespace, name)
	}
	if found := w.copies.in(ctx, known, namespace).Get(ast.StringTerm(name)); found != nil {
		return found.Value, nil
	}
	return nil, nil
}

// look returns an object of the Stock.
func (w withCopies) look(ctx context.Context, resource policies.Resource, namespace, name string) (ast.Value, error) {
	path := strings.Join([]string{resource.Name, namespace, name}, "/")
	if w.absent[path] {
		return nil, nil
	}
	found, err := w.Stock.Get(ctx, resource.Name, namespace, name)
	if resource.Live || found == nil {
		w.budget.spend(perLookup)
	}
	if found == nil && err == nil {
		w.absent[path] = true
	}
	return found, err
}

// List returns the objects of a namespace by name, of the copies or of the Stock.
func (w withCopies) List(ctx context.Context, resource, namespace string) (ast.Value, error) {
	known, _ := policies.LookupResource(resource)
	if !known.Optional {
		return w.Stock.List(ctx, resource, namespace)
	}
	return w.copies.in(ctx, known, namespace), nil
}
