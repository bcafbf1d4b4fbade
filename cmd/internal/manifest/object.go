package manifest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/stateward/stateward/cmd/internal/manifest/yamlpos"
)

// object is a document that was checked to be a Kubernetes object.
type object struct {
	yamlpos.Value

	fields     map[string]json.RawMessage
	apiVersion string
	kind       string
	namespace  string
	name       string
}

func (o object) document(file string, index int) Document {
	return Document{
		File:       file,
		Index:      index,
		Raw:        o.Raw,
		APIVersion: o.apiVersion,
		Kind:       o.kind,
		Namespace:  o.namespace,
		Name:       o.name,
		outline:    yamlpos.OutlineOf(o.Root),
	}
}

// typeMeta is the type an item takes over from its list. Servers leave it out
// of the items of a typed list such as a StatefulSetList.
type typeMeta struct {
	apiVersion string
	kind       string
}

// flatten returns the objects of a document: itself, or its items when it is a
// list. As for kubectl every object with items is a list, whatever its kind,
// an empty list is not an object, and only the items of the outermost list
// take over their type.
func flatten(v yamlpos.Value, inherited typeMeta, depth int) ([]object, []yamlpos.Fault) {
	o, faults := readObject(v, inherited)
	if len(faults) > 0 {
		return nil, faults
	}
	items, found := o.fields["items"]
	if !found {
		return []object{o}, nil
	}
	var raws []json.RawMessage
	if err := json.Unmarshal(items, &raws); err != nil {
		wrong, _ := v.Root.Key("items")
		return nil, []yamlpos.Fault{yamlpos.FaultAt(wrong,
			"items must be a list of objects, because kubectl takes everything with items for a list")}
	}
	var bequest typeMeta
	if depth == 0 {
		bequest = typeMeta{apiVersion: o.apiVersion, kind: strings.TrimSuffix(o.kind, "List")}
	}
	var objects []object
	for i, raw := range raws {
		item := yamlpos.Value{Raw: raw, Root: v.Root.Descend("items", i)}
		inner, wrong := flatten(item, bequest, depth+1)
		objects = append(objects, inner...)
		faults = append(faults, wrong...)
	}
	return objects, faults
}

// readObject checks that v is an object with a type, and reads its identity.
func readObject(v yamlpos.Value, inherited typeMeta) (object, []yamlpos.Fault) {
	o := object{Value: v}
	if !v.Root.IsMapping() {
		return o, []yamlpos.Fault{yamlpos.FaultAt(v.Root.Place,
			"this is %s, not an object with apiVersion and kind", describe(v.Raw))}
	}
	if err := json.Unmarshal(v.Raw, &o.fields); err != nil {
		return o, []yamlpos.Fault{yamlpos.FaultAt(v.Root.Place, "read the object: %w", err)}
	}
	r := stringReader{root: v.Root}
	o.apiVersion = r.read(o.fields, "apiVersion")
	o.kind = r.read(o.fields, "kind")
	if o.apiVersion == "" && o.kind == "" && len(r.faults) == 0 && inherited.kind != "" {
		return o.withType(inherited)
	}
	r.requireType(o.apiVersion, o.kind)
	o.namespace, o.name = r.metadata(o.fields["metadata"])
	return o, r.faults
}

// withType returns the object with the type of its list written into it.
func (o object) withType(t typeMeta) (object, []yamlpos.Fault) {
	for key, text := range map[string]string{"apiVersion": t.apiVersion, "kind": t.kind} {
		quoted, err := json.Marshal(text)
		if err != nil {
			return o, []yamlpos.Fault{yamlpos.FaultAt(o.Root.Place, "write the %s of the list into its item: %w", key, err)}
		}
		o.fields[key] = quoted
	}
	raw, err := json.Marshal(o.fields)
	if err != nil {
		return o, []yamlpos.Fault{yamlpos.FaultAt(o.Root.Place, "write the type of the list into its item: %w", err)}
	}
	return readObject(yamlpos.Value{Raw: raw, Root: o.Root}, typeMeta{})
}

// stringReader reads text fields of one object and collects what is wrong
// with them.
type stringReader struct {
	root   *yamlpos.Node
	faults []yamlpos.Fault
}

// read returns a text field, "" when it is absent or null. It is below these
// parents.
func (r *stringReader) read(fields map[string]json.RawMessage, key string, parents ...any) string {
	raw, found := fields[key]
	if !found {
		return ""
	}
	if text, plain := plainText(raw); plain {
		return text
	}
	path := slices.Concat(parents, []any{key})
	var text *string
	if err := json.Unmarshal(raw, &text); err != nil {
		r.faults = append(r.faults, yamlpos.FaultAt(r.root.Find(path),
			"%s must be text, not %s; quote it", dotted(path), describe(raw)))
	}
	if text == nil {
		return ""
	}
	return *text
}

// plainText returns the text of a JSON string without escapes, as nearly all names are: it need not be decoded.
func plainText(raw json.RawMessage) (text string, plain bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", false
	}
	written := raw[1 : len(raw)-1]
	for _, c := range written {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return "", false
		}
	}
	return string(written), true
}

// requireType reports a missing type. A value that is not text was reported
// before and counts as present.
func (r *stringReader) requireType(apiVersion, kind string) {
	var missing []string
	if apiVersion == "" && !r.reported("apiVersion") {
		missing = append(missing, "apiVersion")
	}
	if kind == "" && !r.reported("kind") {
		missing = append(missing, "kind")
	}
	if len(missing) > 0 {
		r.faults = append(r.faults, yamlpos.FaultAt(r.root.Find([]any{missing[0]}),
			"the object has no %s; every Kubernetes object needs apiVersion and kind",
			strings.Join(missing, " and no ")))
	}
}

func (r *stringReader) reported(key string) bool {
	place, found := r.root.Key(key)
	return found && slices.ContainsFunc(r.faults, func(known yamlpos.Fault) bool {
		return known.Place == place
	})
}

func (r *stringReader) metadata(raw json.RawMessage) (namespace, name string) {
	if raw == nil {
		return "", ""
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		r.faults = append(r.faults, yamlpos.FaultAt(r.root.Find([]any{"metadata"}),
			"metadata must be an object, not %s", describe(raw)))
		return "", ""
	}
	return r.read(fields, "namespace", "metadata"), r.read(fields, "name", "metadata")
}

func dotted(path []any) string {
	parts := make([]string, 0, len(path))
	for _, element := range path {
		parts = append(parts, fmt.Sprint(element))
	}
	return strings.Join(parts, ".")
}

// describe names the type of a JSON value for a person.
func describe(raw json.RawMessage) string {
	trimmed := strings.TrimSpace(string(raw))
	switch {
	case strings.HasPrefix(trimmed, "["):
		return "a list"
	case strings.HasPrefix(trimmed, "{"):
		return "an object"
	case strings.HasPrefix(trimmed, `"`):
		return "text"
	case trimmed == "true", trimmed == "false":
		return "a boolean"
	case trimmed == "null":
		return "empty"
	default:
		return "a number"
	}
}
