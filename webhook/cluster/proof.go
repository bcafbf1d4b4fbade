package cluster

import (
	"context"

	"github.com/open-policy-agent/opa/v1/ast"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/inventory"
)

// Claimed is the stored object that a request says it is about.
type Claimed struct {
	Kind schema.GroupVersionKind
	// Resource is its plural. For a Scale it is the resource that is scaled, whose UID the Scale has.
	Resource string
	Key      client.ObjectKey
	// UID is that of the request's oldObject.
	UID string
}

// Proves reports whether the stored object has the UID that a request claims. An API server copies it from its store; a
// client that may not read the object does not know it. Source: RFC 9562, 6.9, on which Kubernetes' UIDs rest.
func (i *Inventory) Proves(ctx context.Context, claimed Claimed) bool {
	if claimed.UID == "" {
		return false
	}
	// What is cached may be a predecessor of the same name.
	stored, err := i.Get(ctx, claimed.Resource, claimed.Key.Namespace, claimed.Key.Name)
	if err == nil && stored != nil && inventory.UID(stored) == claimed.UID {
		return true
	}
	return i.ownsBy(ctx, claimed) || i.hasUID(ctx, claimed)
}

// hasUID asks the API server.
func (i *Inventory) hasUID(ctx context.Context, claimed Claimed) bool {
	ctx, cancel := context.WithTimeout(ctx, ownerTimeout)
	defer cancel()
	of := claimed.Kind
	if known, evaluated := policies.LookupResource(claimed.Resource); evaluated {
		of = kind(known)
	}
	return i.readOwner(ctx, of, claimed.Key).UID == claimed.UID
}

// ownsBy reports whether a StatefulSet names the object as its owner, by this UID. Not all kinds that own StatefulSets may
// be read.
func (i *Inventory) ownsBy(ctx context.Context, claimed Claimed) bool {
	owned, err := i.Owned(ctx, claimed.Kind.Group, claimed.Kind.Kind)
	sets, ok := owned.(ast.Object)
	if err != nil || !ok {
		return false
	}
	return sets.Until(func(_, set *ast.Term) bool { return inventory.IsOwnedBy(set.Value, claimed.UID) })
}
