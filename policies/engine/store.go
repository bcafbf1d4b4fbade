package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// store is what Rego sees as `data` besides the library: the Guardrails at the root and the inventory below `cluster`.
// Nothing is ever written into it: the evaluator asks for exactly the paths that a rule walks, and each evaluation
// brings its own inventory in its transaction.
type store struct {
	storage.WritesNotSupported
	storage.PolicyNotSupported
	storage.TriggersNotSupported
	guardrails ast.Value
}

// configOf returns the part of Guardrails at the root of data, checked against the library.
func configOf(guardrails *v1alpha1.Guardrails, library *policies.Library) (ast.Value, error) {
	if guardrails == nil {
		return ast.NewObject(), nil
	}
	if err := guardrails.Check(library); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(v1alpha1.Guardrails{TypeMeta: guardrails.TypeMeta, Spec: guardrails.Spec})
	if err != nil {
		return nil, fmt.Errorf("encode guardrails: %w", err)
	}
	return lazy.ParseObject(encoded)
}

// transaction ties one evaluation to its inventory, and records the resources of which it read objects that the inventory does
// not know.
type transaction struct {
	inv     inventory.Inventory
	unknown map[string]bool
	// unrecorded are rules that read from a replayed inventory what it does not hold.
	unrecorded []Undecided
	// request is the array of what is evaluated, in the form of policies/lib/shape.rego; nil leaves it to that.
	request lazy.Value
	// timings are noted where they are wanted.
	timings *Timings
}

func newTransaction(inv inventory.Inventory) *transaction {
	return &transaction{inv: inv, unknown: map[string]bool{}}
}

// ID is for stores with several transactions.
func (*transaction) ID() uint64 { return 0 }

func (s *store) NewTransaction(context.Context, ...storage.TransactionParams) (storage.Transaction, error) {
	return newTransaction(&inventory.Snapshot{}), nil
}

func (s *store) Commit(context.Context, storage.Transaction) error { return nil }

func (s *store) Abort(context.Context, storage.Transaction) {}

func (s *store) Truncate(context.Context, storage.Transaction, storage.TransactionParams, storage.Iterator) error {
	return fmt.Errorf("truncate store: it cannot be written")
}

// ListPolicies is called when the evaluator prepares a query; the modules are compiled elsewhere.
func (s *store) ListPolicies(context.Context, storage.Transaction) ([]string, error) { return nil, nil }

// Read answers these paths below `data`:
//
//   - cluster.RESOURCE.NAMESPACE.NAME, without the namespace for resources of the whole cluster
//   - cluster.RESOURCE, for resources with few objects
//   - cluster.known.RESOURCE
//   - the indexes cluster.governed.NAMESPACE.SERVICE, cluster.mounting.NAMESPACE.CLAIM, cluster.owned.GROUP.KIND,
//     cluster.naming.RESOURCE.KIND/NAME, cluster.owner.NAMESPACE.OWNER, cluster.matching.NAMESPACE.SELECTOR,
//     cluster.selecting.RESOURCE.NAMESPACE.LABELS and cluster.labelled.RESOURCE.NAMESPACE.LABELS
//   - request, and the fields of the Guardrails
func (s *store) Read(ctx context.Context, txn storage.Transaction, path storage.Path) (any, error) {
	value, err := s.read(ctx, txn, path)
	if err != nil {
		return nil, err
	}
	whole, err := value.Force()
	if err != nil {
		return nil, err
	}
	return whole.Value, nil
}

// read is Read for values that need not be whole. A missing path is an error, never nil.
func (s *store) read(ctx context.Context, txn storage.Transaction, path storage.Path) (lazy.Value, error) {
	if len(path) == 0 || path[0] != "cluster" && path[0] != "review" {
		return descend(lazy.OfValue(s.guardrails), path, 0)
	}
	asked, ok := txn.(*transaction)
	if !ok {
		return nil, fmt.Errorf("read data.%v: transaction %T is not the engine's", path, txn)
	}
	if path[0] == "review" {
		return descend(asked.request, path, 1)
	}
	if len(path) == 2 && path[1] == "known" {
		return lazy.OfValue(known(asked.inv)), nil
	}
	if len(path) > 2 && path[1] == "known" {
		return descend(lazy.OfValue(isKnown(asked.inv, path[2])), path, 3)
	}
	if len(path) < 2 || len(path) == 2 && !readWhole(path[1]) {
		return nil, fmt.Errorf("a rule reads all of data%s: let it name a namespace and, if it can, an object", dotted(path))
	}
	switch path[1] {
	case "governed":
		return asked.named(ctx, path, "statefulsets", asked.inv.Governed)
	case "mounting":
		return asked.named(ctx, path, "pods", asked.inv.Mounting)
	case "owned":
		return asked.named(ctx, path, "statefulsets", asked.inv.Owned)
	case "naming":
		return asked.named(ctx, path, path[min(2, len(path)-1)], asked.inv.Naming)
	case "matching":
		return asked.named(ctx, path, "statefulsets", asked.inv.Matching)
	case "owner":
		return asked.named(ctx, path, "", asked.inv.Owner)
	case "selecting":
		return asked.byLabels(ctx, path, asked.inv.Selecting)
	case "labelled":
		return asked.byLabels(ctx, path, asked.inv.Labelled)
	}
	if !asked.inv.Knows(path[1]) {
		asked.unknown[path[1]] = true
	}
	return asked.readInventory(ctx, path)
}

// look reads the inventory, a Partial one by the path.
func (t *transaction) look(path []string, ask func() (ast.Value, error)) (lazy.Value, error) {
	return t.lookBy(func() []string { return path }, ask)
}

// lookBy is look for a path that takes time to make.
func (t *transaction) lookBy(path func() []string, ask func() (ast.Value, error)) (lazy.Value, error) {
	if partial, ok := t.inv.(inventory.Partial); ok {
		return partial.Read(path())
	}
	found, err := ask()
	return lazy.OfValue(found), err
}

// named reads an index of the objects of a resource by a name that they mention; an index of any kind has no resource.
func (t *transaction) named(
	ctx context.Context, path storage.Path, resource string,
	look func(ctx context.Context, namespace, name string) (ast.Value, error),
) (lazy.Value, error) {
	if len(path) < 4 {
		return nil, fmt.Errorf("a rule reads all of data%s: let it name an object", dotted(path))
	}
	if resource != "" && !t.inv.Knows(resource) {
		t.unknown[resource] = true
	}
	found, err := t.look(path[1:4], func() (ast.Value, error) { return look(ctx, path[2], path[3]) })
	if err != nil {
		return nil, fmt.Errorf("list %s of %s/%s: %w", cmp.Or(resource, path[1]), path[2], path[3], err)
	}
	return descend(found, path, 4)
}

// byLabels reads an index whose last key is an object of labels, as JSON.
func (t *transaction) byLabels(
	ctx context.Context, path storage.Path, look func(ctx context.Context, resource, namespace string, labels inventory.Labels) (ast.Value, error),
) (lazy.Value, error) {
	if len(path) < 5 {
		return nil, fmt.Errorf("a rule reads all of data%s: let it name a resource, a namespace and labels", dotted(path))
	}
	labels, err := inventory.ReadLabels(path[4])
	if err != nil {
		return nil, err
	}
	if !t.inv.Knows(path[2]) {
		t.unknown[path[2]] = true
	}
	labelled := func() []string { return inventory.LabelsPath(path[1], path[2], path[3], labels) }
	found, err := t.lookBy(labelled, func() (ast.Value, error) { return look(ctx, path[2], path[3], labels) })
	if err != nil {
		return nil, fmt.Errorf("list %s by labels in namespace %s: %w", path[2], path[3], err)
	}
	return descend(found, path, 5)
}

func readWhole(name string) bool {
	resource, known := policies.LookupResource(name)
	return known && resource.Few
}

// indexes are known for every inventory.
func indexes() []string {
	return []string{"governed", "mounting", "owned", "naming", "matching", "owner", "selecting", "labelled"}
}

// known returns what OPA's rule index reads as a whole.
func known(inv inventory.Inventory) ast.Object {
	names := indexes()
	for _, resource := range policies.Resources() {
		names = append(names, resource.Name)
	}
	known := ast.NewObject()
	for _, name := range names {
		known.Insert(ast.StringTerm(name), ast.NewTerm(isKnown(inv, name)))
	}
	return known
}

// isKnown is one entry of known, nil for none.
func isKnown(inv inventory.Inventory, name string) ast.Value {
	if slices.Contains(indexes(), name) {
		return ast.Boolean(true)
	}
	if resource, ok := policies.LookupResource(name); !ok || resource.Name != name {
		return nil
	}
	return ast.Boolean(inv.Knows(name))
}

func (t *transaction) readInventory(ctx context.Context, path storage.Path) (lazy.Value, error) {
	resource, _ := policies.LookupResource(path[1])
	if len(path) == 2 {
		listed, err := t.look(path[1:], func() (ast.Value, error) { return t.inv.List(ctx, path[1], "") })
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", path[1], err)
		}
		return listed, nil
	}
	if !resource.Namespaced {
		object, err := t.look(path[1:3], func() (ast.Value, error) { return t.inv.Get(ctx, path[1], "", path[2]) })
		if err != nil {
			return nil, fmt.Errorf("look up %s %s: %w", path[1], path[2], err)
		}
		return descend(object, path, 3)
	}
	if len(path) == 3 {
		listed, err := t.look(path[1:], func() (ast.Value, error) { return t.inv.List(ctx, path[1], path[2]) })
		if err != nil {
			return nil, fmt.Errorf("list %s in namespace %s: %w", path[1], path[2], err)
		}
		return listed, nil
	}
	object, err := t.look(path[1:4], func() (ast.Value, error) { return t.inv.Get(ctx, path[1], path[2], path[3]) })
	if err != nil {
		return nil, fmt.Errorf("look up %s %s/%s: %w", path[1], path[2], path[3], err)
	}
	return descend(object, path, 4)
}

// descend walks the rest of path below value; a missing value is undefined in Rego, not an error.
func descend(value lazy.Value, path storage.Path, from int) (lazy.Value, error) {
	for _, key := range path[min(from, len(path)):] {
		value = lazy.Find(value, key)
	}
	if value == nil {
		return nil, &storage.Error{Code: storage.NotFoundErr, Message: "data" + dotted(path) + " does not exist"}
	}
	return value, nil
}

func dotted(path storage.Path) string { return "." + strings.Join(path, ".") }
