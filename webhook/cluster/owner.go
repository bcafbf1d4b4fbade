package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies/engine/inventory"
)

// ownerTimeout bounds the look-up of an owner. Unlike other look-ups it cannot fail a request: what is not read is not known.
const ownerTimeout = 500 * time.Millisecond

// Owner asks the API server for the metadata of the object that an owner reference means. Only discovery is cached.
func (i *Inventory) Owner(ctx context.Context, namespace, owner string) (ast.Value, error) {
	kind, name, err := inventory.ParseOwnerKey(owner)
	// What names no object is an owner that is not known.
	if readable := err == nil && canExist(name); !readable {
		return inventory.KnownOwner{}.Value(), nil
	}
	read := func(ctx context.Context) inventory.KnownOwner {
		return i.readOwner(ctx, kind, client.ObjectKey{Namespace: namespace, Name: name})
	}
	return within(ctx, ownerTimeout, read, inventory.KnownOwner{Unread: slow}).Value(), nil
}

// within returns what is read in time, else the other answer. Discovery of a kind that is not cached heeds no context.
func within[T any](ctx context.Context, timeout time.Duration, read func(context.Context) T, late T) T {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	// There is room for an answer that comes too late.
	answer := make(chan T, 1)
	go func() { answer <- read(ctx) }()
	select {
	case found := <-answer:
		return found
	case <-ctx.Done():
		return late
	}
}

const slow = "the API server did not answer in time"

func (i *Inventory) readOwner(ctx context.Context, kind schema.GroupVersionKind, key client.ObjectKey) inventory.KnownOwner {
	found := &metav1.PartialObjectMetadata{}
	found.SetGroupVersionKind(kind)
	err := i.live.Get(ctx, key, found)
	var refused apierrors.APIStatus
	switch {
	case err == nil:
		return inventory.KnownOwner{UID: string(found.UID), Owners: found.OwnerReferences}
	case apierrors.IsNotFound(err), meta.IsNoMatchError(err):
		return inventory.KnownOwner{}
	case apierrors.IsForbidden(err) && errors.As(err, &refused) && refused.Status().Details != nil:
		// The kind of a refusal is the resource of the request.
		details := refused.Status().Details
		return inventory.KnownOwner{Unread: "Stateward may not get " + schema.GroupResource{Group: details.Group, Resource: details.Kind}.String()}
	case errors.Is(err, context.DeadlineExceeded):
		return inventory.KnownOwner{Unread: slow}
	default:
		return inventory.KnownOwner{Unread: fmt.Sprintf("the API server answered: %v", err)}
	}
}
