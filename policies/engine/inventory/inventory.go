// Package inventory holds what a rule can look up besides the request: the interface, the one implementation in memory, the
// indexes of labels that implementations share, and the recording of what a decision reads.
package inventory

import (
	"context"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// Inventory is the read-only view of everything else that a rule may look at. Resources are named as rules name them
// ("services"); the namespace is empty for resources of the whole cluster.
//
// An inventory may know only a part of the cluster: Knows reports for each resource whether its absence is evidence. If it
// is not, a rule that misses an object has no finding, and the Decision lists the rule as undecided. An error ends the
// evaluation and is never taken for absence.
type Inventory interface {
	// Knows reports whether an object of this resource that Get does not return is known not to exist.
	Knows(resource string) bool
	// Get returns one object, or nil if there is none or that is unknown.
	Get(ctx context.Context, resource, namespace, name string) (ast.Value, error)
	// List returns the objects of a namespace (of the cluster, if it is empty) as one Rego object keyed by name.
	List(ctx context.Context, resource, namespace string) (ast.Value, error)
	// Governed returns the StatefulSets of a namespace that name this Service, as one Rego object keyed by name.
	Governed(ctx context.Context, namespace, service string) (ast.Value, error)
	// Mounting returns the Pods of a namespace that use this claim, as one Rego object keyed by name.
	Mounting(ctx context.Context, namespace, claim string) (ast.Value, error)
	// Owned returns the StatefulSets of all namespaces that name an owner of this group and kind, as one Rego object keyed
	// by NAMESPACE/NAME.
	Owned(ctx context.Context, group, kind string) (ast.Value, error)
	// Naming returns the objects of a resource, in all namespaces, that name an object of the whole cluster, as one Rego object
	// keyed by NAMESPACE/NAME, or by NAME where they have no namespace. The second argument is KIND/NAME, as Named writes it.
	Naming(ctx context.Context, resource, named string) (ast.Value, error)
	// Matching returns the StatefulSets of a namespace, or of all if it is empty, whose own labels match a selector, as one
	// Rego object keyed by NAMESPACE/NAME. The second argument is what ReadSelector reads. A live inventory reads from the API
	// server: the next request must see what this one begins.
	Matching(ctx context.Context, namespace, selector string) (ast.Value, error)
	// Owner returns what is known of the object that an owner reference in this namespace means (none for objects of the whole
	// cluster), in the form of KnownOwner, or nil where nothing is known. The second argument is what ParseOwnerKey reads.
	Owner(ctx context.Context, namespace, owner string) (ast.Value, error)
	// Selecting returns the objects of a namespace whose selector may match pods with these labels: their SelectorLabels are a
	// subset of these. Labelled returns the workloads whose PodLabels include all of these.
	Selecting(ctx context.Context, resource, namespace string, labels Labels) (ast.Value, error)
	Labelled(ctx context.Context, resource, namespace string, labels Labels) (ast.Value, error)
}

// Partial is an inventory that reads only the parts of objects that rules look at, so that it can report them.
type Partial interface {
	Inventory
	// Read is a look-up by the path that a Recording notes for it: nil where nothing is there.
	Read(path []string) (lazy.Value, error)
}

// Live is an inventory that watches changes, and so may be older than the request.
type Live interface {
	Inventory
	// GetAtVersion is Get of an object that is known to have, or to have had a moment ago, this resourceVersion. A cached object
	// of another version may be out of date; if the version is empty, every cached object may be.
	GetAtVersion(ctx context.Context, resource, namespace, name, version string) (ast.Value, error)
}
