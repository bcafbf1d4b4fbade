package decisionlog

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// Inventory is the inventory of a record: it answers what was answered then. Anything else is an *inventory.NotRecordedError.
type Inventory struct {
	record *Record
	// exact repeats what was known and not known. Otherwise all is known that the record holds.
	exact bool
	// shared reads what has no masks, and readers read the rest.
	shared  *Objects
	readers []*lazy.Reader
	met     bool
	beside  Beside
}

// Beside holds objects that a record lacks.
type Beside interface {
	// Read is a look-up by its path; known is false if an object that is not here may exist all the same.
	Read(path []string) (found lazy.Value, known bool, err error)
}

var _ inventory.Partial = &Inventory{}

// NewInventory returns the inventory of a record for one decision. An exact one repeats the decision; another
// one is for other rules, which may watch resources that were not watched then.
func (o *Objects) NewInventory(record *Record, exact bool) *Inventory {
	return &Inventory{record: record, exact: exact, shared: o}
}

// With reads what the record does not hold from there.
func (i *Inventory) With(beside Beside) *Inventory {
	i.beside = beside
	return i
}

// MetMask reports whether a masked value was read.
func (i *Inventory) MetMask() bool {
	return i.met || slices.ContainsFunc(i.readers, func(reader *lazy.Reader) bool { return reader.MetMask })
}

// Knows reports whether the resource was watched, or would be.
func (i *Inventory) Knows(resource string) bool {
	return !i.exact || !slices.Contains(i.record.Unknown, resource)
}

// Read returns what the record holds for a look-up, or what is beside it.
func (i *Inventory) Read(path []string) (lazy.Value, error) {
	if i.beside != nil {
		if found, known, err := i.unrecorded(path); known || err != nil {
			return found, err
		}
	}
	switch path[0] {
	case "governed", "mounting", "owned", "naming", "matching", "selecting", "labelled":
		return i.objects(path)
	case "owner":
		return i.one(path)
	}
	resource, _ := policies.LookupResource(path[0])
	switch {
	case resource.Namespaced && len(path) == 3:
		return i.named(path, path[1], path[2])
	case !resource.Namespaced && len(path) == 2:
		return i.named(path, "", path[1])
	default:
		return i.listed(path)
	}
}

// unrecorded reads what is beside the record, if the record does not hold the look-up.
func (i *Inventory) unrecorded(path []string) (found lazy.Value, known bool, err error) {
	if _, recorded := i.find(path); recorded {
		return nil, false, nil
	}
	return i.beside.Read(path)
}

// named is one object. What a cluster may lack is looked up only for what is denied or warned of, as listed says.
func (i *Inventory) named(path []string, namespace, name string) (lazy.Value, error) {
	if at, found := i.find(path); found {
		return i.object(i.record.Reads[at].Object)
	}
	if !i.exact {
		if digest, known := i.held(path[0], namespace, name); known {
			return i.object(digest)
		}
		if isLookedUpLast(path[0]) {
			return nil, nil
		}
	}
	return nil, i.missing(path)
}

// listed is what a list returned. Confirmations and snapshots are looked up only for what is denied: what was not denied then
// was not confirmed, and other rules may deny it now.
func (i *Inventory) listed(path []string) (lazy.Value, error) {
	if _, found := i.find(path); !found && !i.exact && isLookedUpLast(path[0]) {
		return lazy.Object(), nil
	}
	return i.objects(path)
}

// isLookedUpLast reports whether rules look the resource up only to soften what they deny: without it, they deny.
func isLookedUpLast(resource string) bool {
	known, _ := policies.LookupResource(resource)
	return known.Optional || resource == policies.Confirmations
}

// one is what was known of an owner.
func (i *Inventory) one(path []string) (lazy.Value, error) {
	at, found := i.find(path)
	if !found {
		return nil, i.missing(path)
	}
	return i.object(i.record.Reads[at].Object)
}

// find returns the path of a look-up. Resources that were not watched then are unknown to rules that watch them now.
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

func (i *Inventory) objects(path []string) (lazy.Value, error) {
	at, found := i.find(path)
	if !found {
		return nil, i.missing(path)
	}
	listed := i.record.Reads[at].Objects
	items := make([]lazy.Item, 0, len(listed))
	for name, digest := range listed {
		object, err := i.object(digest)
		if err != nil {
			return nil, err
		}
		items = append(items, lazy.Item{Key: ast.StringTerm(name), Value: object})
	}
	return lazy.Object(items...), nil
}

// object reads an object of the record, nil for an empty digest. Where a part may be masked, each decision reads for itself, so that
// it is known what met a mask.
func (i *Inventory) object(digest string) (lazy.Value, error) {
	if digest == "" {
		return nil, nil
	}
	if len(i.record.Masked) == 0 {
		return i.shared.read(digest, i.record.Objects[digest])
	}
	reader := &lazy.Reader{ManagedFields: true, Masked: true}
	i.readers = append(i.readers, reader)
	return readObject(digest, i.record.Objects[digest], reader)
}
