package decisionlog

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// Inventory is the World of a record: it answers what was answered then. Anything else is an *inventory.NotRecordedError.
type Inventory struct {
	record *Record
	// exact repeats what was known and not known. Otherwise all is known that the record holds.
	exact bool
	// whole reads objects as OPA's own evaluator needs them.
	whole   bool
	readers []*lazy.Reader
	met     bool
}

var _ inventory.World = &Inventory{}

// NewInventory returns the World of a record for one decision by this engine. An exact one repeats the decision; another
// one is asked by other rules, which may watch what was not watched then.
func NewInventory(record *Record, decider *engine.Engine, exact bool) *Inventory {
	return &Inventory{record: record, exact: exact, whole: decider.Unplanned() != nil}
}

// MetMask reports whether a masked value was read.
func (i *Inventory) MetMask() bool {
	return i.met || slices.ContainsFunc(i.readers, func(reader *lazy.Reader) bool { return reader.MetMask })
}

// Knows reports whether the resource was watched, or would be.
func (i *Inventory) Knows(resource string) bool {
	return !i.exact || !slices.Contains(i.record.Unknown, resource)
}

// Get returns an object of the record. What a cluster may lack is looked up only for what is denied or warned of, as List says.
func (i *Inventory) Get(_ context.Context, resource, namespace, name string) (ast.Value, error) {
	path := inventory.ObjectPath(resource, namespace, name)
	if at, found := i.find(path); found {
		return i.object(i.record.Reads[at].Object)
	}
	if !i.exact {
		if digest, known := i.held(resource, namespace, name); known {
			return i.object(digest)
		}
		if isLookedUpLast(resource) {
			return nil, nil
		}
	}
	return nil, i.missing(path)
}

// List returns the objects of a look-up of the record. Confirmations and snapshots are looked up only for what is denied: what
// was not denied then was not confirmed, and other rules may deny it now.
func (i *Inventory) List(_ context.Context, resource, namespace string) (ast.Value, error) {
	path := inventory.ListPath(resource, namespace)
	if _, found := i.find(path); !found && !i.exact && isLookedUpLast(resource) {
		return ast.NewObject(), nil
	}
	return i.objects(path)
}

// isLookedUpLast reports whether rules look the resource up only to soften what they deny: without it, they deny.
func isLookedUpLast(resource string) bool {
	known, _ := policies.LookupResource(resource)
	return known.Optional || resource == policies.Confirmations
}

// Governed returns the objects of a look-up of the record.
func (i *Inventory) Governed(_ context.Context, namespace, service string) (ast.Value, error) {
	return i.objects(inventory.IndexPath("governed", namespace, service))
}

// Mounting returns the objects of a look-up of the record.
func (i *Inventory) Mounting(_ context.Context, namespace, claim string) (ast.Value, error) {
	return i.objects(inventory.IndexPath("mounting", namespace, claim))
}

// Owned returns the objects of a look-up of the record.
func (i *Inventory) Owned(_ context.Context, group, kind string) (ast.Value, error) {
	return i.objects(inventory.IndexPath("owned", group, kind))
}

// Naming returns the objects of a look-up of the record.
func (i *Inventory) Naming(_ context.Context, resource, named string) (ast.Value, error) {
	return i.objects(inventory.IndexPath("naming", resource, named))
}

// Matching returns the objects of a look-up of the record.
func (i *Inventory) Matching(_ context.Context, namespace, selector string) (ast.Value, error) {
	return i.objects(inventory.IndexPath("matching", namespace, selector))
}

// Owner returns what was known of an owner.
func (i *Inventory) Owner(_ context.Context, namespace, owner string) (ast.Value, error) {
	path := inventory.IndexPath("owner", namespace, owner)
	at, found := i.find(path)
	if !found {
		return nil, i.missing(path)
	}
	return i.object(i.record.Reads[at].Object)
}

// Selecting returns the objects of a look-up of the record.
func (i *Inventory) Selecting(_ context.Context, resource, namespace string, labels inventory.Labels) (ast.Value, error) {
	return i.objects(inventory.LabelsPath("selecting", resource, namespace, labels))
}

// Labelled returns the objects of a look-up of the record.
func (i *Inventory) Labelled(_ context.Context, resource, namespace string, labels inventory.Labels) (ast.Value, error) {
	return i.objects(inventory.LabelsPath("labelled", resource, namespace, labels))
}

// find returns the place of a look-up. What was not watched then says nothing to rules that would have it watched.
func (i *Inventory) find(path []string) (int, bool) {
	at := slices.IndexFunc(i.record.Reads, func(read Read) bool { return slices.Equal(read.Path, path) })
	if at < 0 || !i.exact && slices.Contains(i.record.Unknown, inventory.ResourceOf(path)) {
		return 0, false
	}
	return at, true
}

// held finds an object among those of other look-ups: what is listed exists, and a list of all that there is says what
// does not.
func (i *Inventory) held(resource, namespace, name string) (digest string, known bool) {
	list := inventory.ListPath(resource, namespace)
	for _, read := range i.record.Reads {
		if inventory.ResourceOf(read.Path) != resource {
			continue
		}
		key, everywhere := name, slices.Contains([]string{"owned", "naming", "matching"}, read.Path[0])
		if everywhere {
			key = strings.TrimPrefix(namespace+"/"+name, "/")
		}
		digest, found := read.Objects[key]
		if found && (everywhere || isIn(read.Path, namespace)) {
			return digest, true
		}
		if slices.Equal(read.Path, list) && !slices.Contains(i.record.Unknown, resource) {
			return "", true
		}
	}
	return "", false
}

// isIn reports whether what a path lists is of this namespace, which is empty for resources of the whole cluster.
func isIn(path []string, namespace string) bool {
	switch path[0] {
	case "governed", "mounting":
		return len(path) > 1 && path[1] == namespace
	case "selecting", "labelled":
		return len(path) > 2 && path[2] == namespace
	default:
		return len(path) == 1 && namespace == "" || len(path) == 2 && path[1] == namespace
	}
}

// missing is the error for what is not recorded. A path with a masked value in it cannot be found again.
func (i *Inventory) missing(path []string) error {
	i.met = i.met || i.record.IsMasked("/reads/") || slices.ContainsFunc(path, func(step string) bool { return strings.Contains(step, lazy.Mask) })
	return &inventory.NotRecordedError{Path: path}
}

func (i *Inventory) objects(path []string) (ast.Value, error) {
	at, found := i.find(path)
	if !found {
		return nil, i.missing(path)
	}
	listed := i.record.Reads[at].Objects
	items := make([][2]*ast.Term, 0, len(listed))
	for name, digest := range listed {
		object, err := i.object(digest)
		if err != nil {
			return nil, err
		}
		items = append(items, ast.Item(ast.StringTerm(name), ast.NewTerm(object)))
	}
	if len(items) == 0 {
		return ast.NewObject(), nil
	}
	return lazy.Object(items...).Value, nil
}

// object reads an object of the record, nil for an empty digest.
func (i *Inventory) object(digest string) (ast.Value, error) {
	if digest == "" {
		return nil, nil
	}
	// Each has a reader of its own: they have nothing in common.
	reader := &lazy.Reader{ManagedFields: true, Masked: len(i.record.Masked) > 0}
	value, err := reader.Read(i.record.Objects[digest])
	if err != nil {
		return nil, fmt.Errorf("read object %s of the record: %w", digest, err)
	}
	i.readers = append(i.readers, reader)
	if i.whole {
		return lazy.Force(value)
	}
	return value, nil
}
