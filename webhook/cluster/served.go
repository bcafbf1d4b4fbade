package cluster

import (
	"context"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
)

// servedTimeout bounds a look-up in an API that a cluster may lack. It cannot fail a request: what is not read is not known, and
// what a rule does not know there only keeps its denial.
const servedTimeout = time.Second

// lookIfServed returns an object, or nil where it is not known: there is none, the cluster does not have the API, Stateward may
// not read it, or the API server is slow. The client discovers an API at each look-up, so that it may be added and removed.
func (i *Inventory) lookIfServed(ctx context.Context, resource policies.Resource, key client.ObjectKey) (ast.Value, error) {
	return within(ctx, servedTimeout, func(ctx context.Context) ast.Value {
		found, err := i.look(ctx, resource, key)
		if err != nil {
			return nil
		}
		return found
	}, nil), nil
}

// listIfServed returns by name the objects of a namespace (of the cluster, where it is empty), none where they are not known.
func (i *Inventory) listIfServed(ctx context.Context, resource policies.Resource, namespace string) (ast.Value, error) {
	none := ast.NewObject()
	if namespace != "" && !canExist(namespace) {
		return none, nil
	}
	return within(ctx, servedTimeout, func(ctx context.Context) ast.Object {
		found, err := i.search(ctx, resource, namespace, func(*unstructured.Unstructured) bool { return true })
		if err != nil {
			return none
		}
		return found
	}, none), nil
}
