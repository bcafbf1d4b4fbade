package engine

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// entry is the review as policies/lib/shape.rego would make it of the input: half of what a small decision takes. A test
// holds the two together.
func (r Review) entry(input ast.Value) ast.Value {
	request, added := lazy.Find(input, "request"), lazy.Find(input, "stateward")
	operation := r.Operation
	if operation == "" {
		operation = "MANIFEST"
	}
	return lazy.Object(
		item("operation", ast.InternedTerm(operation)),
		item("group", ast.StringTerm(r.Group)),
		item("kind", ast.StringTerm(r.Kind)),
		item("resource", ast.StringTerm(r.Resource)),
		item("subresource", ast.StringTerm(r.Subresource)),
		item("namespace", ast.NewTerm(r.inNamespace(request))),
		item("name", ast.NewTerm(r.named(request))),
		item("object", ast.NewTerm(lazy.Find(request, "object"))),
		item("old", ast.NewTerm(lazy.Find(request, "oldObject"))),
		item("options", ast.NewTerm(objectOrEmpty(lazy.Find(request, "options")))),
		item("user", ast.NewTerm(lazy.Find(request, "userInfo"))),
		item("time", ast.NewTerm(valueOr(lazy.Find(added, "time"), ast.String("")))),
		item("planned", ast.NewTerm(valueOr(lazy.Find(added, "planned"), ast.Boolean(false)))),
		item("dry_run", ast.InternedTerm(r.isDry(request))),
	).Value
}

// entries are what is judged, of one review.
func entries(entry ast.Value) ast.Value { return lazy.Array([]*ast.Term{ast.NewTerm(entry)}).Value }

// named is read from the objects: the name of a request is empty for each item of a deletecollection.
func (r Review) named(request ast.Value) ast.Value {
	metadata := lazy.Find(subjectOf(request), "metadata")
	if name := lazy.Find(metadata, "name"); name != nil {
		return name
	}
	if prefix, ok := lazy.Find(metadata, "generateName").(ast.String); ok {
		return prefix + "xxxxx"
	}
	return ast.String(r.Name)
}

func (r Review) inNamespace(request ast.Value) ast.Value {
	if r.Namespace != "" {
		return ast.String(r.Namespace)
	}
	// A volume belongs to the namespace of its claim.
	if claimed := lazy.Find(subjectOf(request), "spec", "claimRef", "namespace"); claimed != nil && r.Kind == "PersistentVolume" {
		return claimed
	}
	switch namespace := lazy.Find(subjectOf(request), "metadata", "namespace"); {
	case namespace == nil, namespace == ast.NullValue, namespace == ast.String(""):
		return ast.String("default")
	default:
		return namespace
	}
}

// subjectOf is the object that a request is about, as it is before.
func subjectOf(request ast.Value) ast.Value {
	for _, name := range []string{"oldObject", "object"} {
		if object := lazy.Find(request, name); lazy.IsObject(object) {
			return object
		}
	}
	return nil
}

func objectOrEmpty(value ast.Value) ast.Value {
	if lazy.IsObject(value) {
		return value
	}
	return ast.NewObject()
}

func valueOr(value, fallback ast.Value) ast.Value {
	if value == nil {
		return fallback
	}
	return value
}

// isDry is true where nothing will be stored. The body of an Eviction says it too, and `kubectl drain --dry-run=server`
// says it only there.
func (r Review) isDry(request ast.Value) bool {
	if r.DryRun || r.Subresource != "eviction" {
		return r.DryRun
	}
	modes, _ := lazy.Elements(lazy.Find(request, "object", "deleteOptions", "dryRun"))
	return slices.ContainsFunc(modes, func(mode *ast.Term) bool { return lazy.Equal(mode.Value, ast.String("All")) })
}
