package decisionlog

import (
	"context"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// whole is Read of all of it.
func (i *Inventory) whole(path []string) (ast.Value, error) {
	value, err := i.Read(path)
	return lazy.Forced(value), err
}

// Get returns an object of the record.
func (i *Inventory) Get(_ context.Context, resource, namespace, name string) (ast.Value, error) {
	return i.whole(inventory.ObjectPath(resource, namespace, name))
}

// List returns the objects of a look-up of the record, as the methods below do.
func (i *Inventory) List(_ context.Context, resource, namespace string) (ast.Value, error) {
	return i.whole(inventory.ListPath(resource, namespace))
}

// Governed is the look-up of the same name.
func (i *Inventory) Governed(_ context.Context, namespace, service string) (ast.Value, error) {
	return i.whole(inventory.IndexPath("governed", namespace, service))
}

// Mounting is the look-up of the same name.
func (i *Inventory) Mounting(_ context.Context, namespace, claim string) (ast.Value, error) {
	return i.whole(inventory.IndexPath("mounting", namespace, claim))
}

// Owned is the look-up of the same name.
func (i *Inventory) Owned(_ context.Context, group, kind string) (ast.Value, error) {
	return i.whole(inventory.IndexPath("owned", group, kind))
}

// Naming is the look-up of the same name.
func (i *Inventory) Naming(_ context.Context, resource, named string) (ast.Value, error) {
	return i.whole(inventory.IndexPath("naming", resource, named))
}

// Matching is the look-up of the same name.
func (i *Inventory) Matching(_ context.Context, namespace, selector string) (ast.Value, error) {
	return i.whole(inventory.IndexPath("matching", namespace, selector))
}

// Owner returns what was known of an owner.
func (i *Inventory) Owner(_ context.Context, namespace, owner string) (ast.Value, error) {
	return i.whole(inventory.IndexPath("owner", namespace, owner))
}

// Selecting is the look-up of the same name.
func (i *Inventory) Selecting(_ context.Context, resource, namespace string, labels inventory.Labels) (ast.Value, error) {
	return i.whole(inventory.LabelsPath("selecting", resource, namespace, labels))
}

// Labelled is the look-up of the same name.
func (i *Inventory) Labelled(_ context.Context, resource, namespace string, labels inventory.Labels) (ast.Value, error) {
	return i.whole(inventory.LabelsPath("labelled", resource, namespace, labels))
}
