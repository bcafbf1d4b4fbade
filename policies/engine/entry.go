package engine

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// entry is the request as policies/lib/shape.rego would make it of the input: half of what a small decision takes. A test
// holds the two together.
func (r Request) entry(input lazy.Value) lazy.Value {
	request, added := lazy.Find(input, "request"), lazy.Find(input, "stateward")
	operation := r.Operation
	if operation == "" {
		operation = "MANIFEST"
	}
	return entryNames.Object(
		lazy.Of(ast.InternedTerm(r.isDry(request))),
		lazy.Find(request, "kind", "group"),
		lazy.Find(request, "kind", "kind"),
		r.named(request),
		r.inNamespace(request),
		lazy.Find(request, "object"),
		lazy.Find(request, "oldObject"),
		lazy.Of(ast.InternedTerm(operation)),
		objectOrEmpty(lazy.Find(request, "options")),
		valueOr(lazy.Find(added, "planned"), ast.InternedTerm(false)),
		lazy.Find(request, "resource", "resource"),
		lazy.Find(request, "subResource"),
		valueOr(lazy.Find(added, "time"), ast.InternedTerm("")),
		lazy.Find(request, "userInfo"),
	)
}

// entries returns the array that rules evaluate, for one request.
func entries(entry lazy.Value) lazy.Value { return lazy.Array([]lazy.Value{entry}) }

// named is read from the objects: the name of a request is empty for each item of a deletecollection.
func (r Request) named(request lazy.Value) lazy.Value {
	metadata := lazy.Find(subjectOf(request), "metadata")
	if name := lazy.Find(metadata, "name"); name != nil {
		return name
	}
	if prefix, ok := lazy.String(lazy.Find(metadata, "generateName")); ok {
		return lazy.Text(prefix + "xxxxx")
	}
	return lazy.Find(request, "name")
}

func (r Request) inNamespace(request lazy.Value) lazy.Value {
	if r.Namespace != "" {
		return lazy.Find(request, "namespace")
	}
	if reference := reference(r.Kind); reference != "" {
		if namespace := lazy.Find(subjectOf(request), "spec", reference, "namespace"); namespace != nil {
			return namespace
		}
	}
	switch namespace := lazy.Find(subjectOf(request), "metadata", "namespace"); {
	case namespace == nil, lazy.Is(namespace, ast.NullValue), lazy.Is(namespace, ast.String("")):
		return lazy.Text("default")
	default:
		return namespace
	}
}

// reference is the field of an object of the whole cluster that names what it belongs to: a volume belongs to the namespace of
// its claim, the content of a snapshot to that of the snapshot. Others have none.
func reference(kind string) string {
	switch kind {
	case "PersistentVolume":
		return "claimRef"
	case "VolumeSnapshotContent":
		return "volumeSnapshotRef"
	default:
		return ""
	}
}

// subjectOf returns the object of a request, before the change.
func subjectOf(request lazy.Value) lazy.Value {
	for _, name := range []string{"oldObject", "object"} {
		if object := lazy.Find(request, name); lazy.IsObject(object) {
			return object
		}
	}
	return nil
}

func objectOrEmpty(value lazy.Value) lazy.Value {
	if lazy.IsObject(value) {
		return value
	}
	return lazy.Of(ast.InternedEmptyObject)
}

func valueOr(value lazy.Value, fallback *ast.Term) lazy.Value {
	if value == nil {
		return lazy.Of(fallback)
	}
	return value
}

// isDry reports whether nothing will be stored. `kubectl drain --dry-run=server` sets this only in the body of the Eviction.
func (r Request) isDry(request lazy.Value) bool {
	if r.DryRun || r.Subresource != "eviction" {
		return r.DryRun
	}
	modes, _ := lazy.Elements(lazy.Find(request, "object", "deleteOptions", "dryRun"))
	return slices.ContainsFunc(modes, func(mode lazy.Value) bool { return lazy.Is(mode, ast.String("All")) })
}
