package inventory

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// Labels are labels with their values. Values that are not strings are left out: a search by Labels may return more objects
// than match, never fewer, and the rule checks them again.
type Labels map[string]string

// SelectorLabels returns the labels that every pod of an object has: those of its selector, or of its pods if a workload has
// no selector.
func SelectorLabels(resource string, object ast.Value) Labels {
	selector := find(object, "spec", "selector")
	switch {
	case resource == "services":
		return labelsOf(selector)
	case selector == nil || selector == ast.NullValue:
		return PodLabels(object)
	default:
		return labelsOf(find(selector, "matchLabels"))
	}
}

// PodLabels returns the labels that a workload gives its pods. Those of a revision or a pod are its own.
func PodLabels(object ast.Value) Labels {
	if kind := textAt(object, "kind"); kind == "ControllerRevision" || kind == "Pod" {
		return labelsOf(find(object, "metadata", "labels"))
	}
	return labelsOf(find(object, "spec", "template", "metadata", "labels"))
}

// Has reports whether all the others are among these.
func (l Labels) Has(others Labels) bool {
	for key, value := range others {
		if have, ok := l[key]; !ok || have != value {
			return false
		}
	}
	return true
}

func labelsOf(value ast.Value) Labels {
	labels := Labels{}
	object, isObject := value.(ast.Object)
	if !isObject {
		return labels
	}
	object.Foreach(func(key, value *ast.Term) {
		name, named := key.Value.(ast.String)
		if text, ok := value.Value.(ast.String); ok && named {
			labels[string(name)] = string(text)
		}
	})
	return labels
}

// ReadLabels reads labels as rules write them into a path.
func ReadLabels(encoded string) (Labels, error) {
	var reader lazy.Reader
	value, err := reader.Read([]byte(encoded))
	if err != nil {
		return nil, fmt.Errorf("read labels %q: %w: write them with json.marshal", encoded, err)
	}
	fields, _ := lazy.Fields(value)
	labels := make(Labels, len(fields))
	for _, field := range fields {
		name, named := field.Key.Value.(ast.String)
		if text, ok := lazy.String(field.Value); ok && named {
			labels[string(name)] = text
		}
	}
	return labels, nil
}

// ClaimsOf are the names of the claims that a Pod uses.
func ClaimsOf(pod ast.Value) (claims []string) {
	for _, volume := range elementsAt(pod, "spec", "volumes") {
		if claim, ok := find(volume, "persistentVolumeClaim", "claimName").(ast.String); ok {
			claims = append(claims, string(claim))
		}
	}
	return claims
}

// OwnerKind is the API group and the kind of an owner.
type OwnerKind struct{ Group, Kind string }

// anyOwner is a kind of owner that every object with an owner has, so that they can be looked up.
func anyOwner() OwnerKind { return OwnerKind{Group: "*", Kind: "*"} }

// OwnersOf are the kinds of the owners that an object names, and anyOwner where there is one.
func OwnersOf(object ast.Value) (kinds []OwnerKind) {
	for _, reference := range elementsAt(object, "metadata", "ownerReferences") {
		if kind, ok := find(reference, "kind").(ast.String); ok {
			kinds = append(kinds, OwnerKind{Group: policies.GroupOf(textAt(reference, "apiVersion")), Kind: string(kind)})
		}
	}
	if len(kinds) > 0 {
		kinds = append(kinds, anyOwner())
	}
	return kinds
}
