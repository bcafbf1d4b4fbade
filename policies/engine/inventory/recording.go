package inventory

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies"
)

// Recording notes what one decision reads of the inventory, absences among it, so that it can be decided again without that
// inventory. What is read twice gets the first answer: a replay can give only one.
type Recording struct {
	// Reads are in the order in which they were made.
	Reads []Read
	// Unknown are resources that the inventory does not know.
	Unknown []string

	inv Inventory
}

// Read is one look-up of the inventory.
type Read struct {
	// Path is the one below data.cluster, as rules write it; labels are JSON with sorted keys.
	Path []string
	// Value is the object, or an object of objects by name where Many is true; nil where there was none.
	Value ast.Value
	Many  bool
}

// NotRecordedError is the error of a look-up that a replayed inventory does not have.
type NotRecordedError struct {
	// Path is the one below data.cluster.
	Path []string
}

func (e *NotRecordedError) Error() string {
	return "the record does not hold data.cluster." + strings.Join(e.Path, ".")
}

// Resource is what would have been looked up.
func (e *NotRecordedError) Resource() string { return ResourceOf(e.Path) }

// ResourceOf is the resource that a path below data.cluster reads.
func ResourceOf(path []string) string {
	if len(path) == 0 {
		return ""
	}
	switch path[0] {
	case "governed", "owned", "matching":
		return "statefulsets"
	case "mounting":
		return "pods"
	case "selecting", "labelled", "naming":
		return path[min(1, len(path)-1)]
	default:
		return path[0]
	}
}

// ObjectPath is the path of Get.
func ObjectPath(resource, namespace, name string) []string {
	if known, _ := policies.LookupResource(resource); known.Namespaced {
		return []string{resource, namespace, name}
	}
	return []string{resource, name}
}

// ListPath is the path of List.
func ListPath(resource, namespace string) []string {
	if known, _ := policies.LookupResource(resource); known.Namespaced {
		return []string{resource, namespace}
	}
	return []string{resource}
}

// IndexPath is the path of Governed, Mounting, Owned, Naming, Matching or Owner.
func IndexPath(index, first, second string) []string { return []string{index, first, second} }

// LabelsPath is the path of Selecting or Labelled.
func LabelsPath(index, resource, namespace string, labels Labels) []string {
	if labels == nil {
		labels = Labels{}
	}
	// Strings can always be encoded.
	encoded, _ := json.Marshal(labels)
	return []string{index, resource, namespace, string(encoded)}
}

// Of returns an inventory that records its look-ups. What was recorded before is forgotten: of a decision that is made again,
// only the last evaluation counts.
func (r *Recording) Of(inv Inventory) Inventory {
	*r = Recording{inv: inv}
	return r
}

func (r *Recording) note(path []string, many bool, look func() (ast.Value, error)) (ast.Value, error) {
	for _, each := range r.Reads {
		if slices.Equal(each.Path, path) {
			return each.Value, nil
		}
	}
	found, err := look()
	if err != nil {
		return nil, err
	}
	r.Reads = append(r.Reads, Read{Path: path, Value: found, Many: many})
	return found, nil
}

// Knows is the inventory's.
func (r *Recording) Knows(resource string) bool {
	known := r.inv.Knows(resource)
	if !known && !slices.Contains(r.Unknown, resource) {
		r.Unknown = append(r.Unknown, resource)
	}
	return known
}

// Get is the inventory's.
func (r *Recording) Get(ctx context.Context, resource, namespace, name string) (ast.Value, error) {
	return r.note(ObjectPath(resource, namespace, name), false, func() (ast.Value, error) { return r.inv.Get(ctx, resource, namespace, name) })
}

// List is the inventory's.
func (r *Recording) List(ctx context.Context, resource, namespace string) (ast.Value, error) {
	return r.note(ListPath(resource, namespace), true, func() (ast.Value, error) { return r.inv.List(ctx, resource, namespace) })
}

// Governed is the inventory's.
func (r *Recording) Governed(ctx context.Context, namespace, service string) (ast.Value, error) {
	return r.note(IndexPath("governed", namespace, service), true, func() (ast.Value, error) { return r.inv.Governed(ctx, namespace, service) })
}

// Mounting is the inventory's.
func (r *Recording) Mounting(ctx context.Context, namespace, claim string) (ast.Value, error) {
	return r.note(IndexPath("mounting", namespace, claim), true, func() (ast.Value, error) { return r.inv.Mounting(ctx, namespace, claim) })
}

// Owned is the inventory's.
func (r *Recording) Owned(ctx context.Context, group, kind string) (ast.Value, error) {
	return r.note(IndexPath("owned", group, kind), true, func() (ast.Value, error) { return r.inv.Owned(ctx, group, kind) })
}

// Naming is the inventory's.
func (r *Recording) Naming(ctx context.Context, resource, named string) (ast.Value, error) {
	return r.note(IndexPath("naming", resource, named), true, func() (ast.Value, error) { return r.inv.Naming(ctx, resource, named) })
}

// Matching is the inventory's.
func (r *Recording) Matching(ctx context.Context, namespace, selector string) (ast.Value, error) {
	return r.note(IndexPath("matching", namespace, selector), true, func() (ast.Value, error) { return r.inv.Matching(ctx, namespace, selector) })
}

// Owner is the inventory's.
func (r *Recording) Owner(ctx context.Context, namespace, owner string) (ast.Value, error) {
	return r.note(IndexPath("owner", namespace, owner), false, func() (ast.Value, error) { return r.inv.Owner(ctx, namespace, owner) })
}

// Selecting is the inventory's.
func (r *Recording) Selecting(ctx context.Context, resource, namespace string, labels Labels) (ast.Value, error) {
	return r.note(LabelsPath("selecting", resource, namespace, labels), true, func() (ast.Value, error) {
		return r.inv.Selecting(ctx, resource, namespace, labels)
	})
}

// Labelled is the inventory's.
func (r *Recording) Labelled(ctx context.Context, resource, namespace string, labels Labels) (ast.Value, error) {
	return r.note(LabelsPath("labelled", resource, namespace, labels), true, func() (ast.Value, error) {
		return r.inv.Labelled(ctx, resource, namespace, labels)
	})
}
