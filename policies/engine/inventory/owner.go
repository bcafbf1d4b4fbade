package inventory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// KnownOwner is what a live cluster knows of the object of an owner reference.
type KnownOwner struct {
	// UID is that of the object of this name; empty if there is none.
	UID string
	// Owners are its own owners.
	Owners []metav1.OwnerReference
	// Unread is why the object could not be read ("Stateward may not get rabbitmqclusters.rabbitmq.com"), else empty.
	Unread string
}

// Value is the owner as Rego sees it: {"exists": true, "uid": ..., "owners": [...]}, {"exists": false} or {"unread": ...}.
func (k KnownOwner) Value() ast.Value {
	switch {
	case k.Unread != "":
		return ast.NewObject(item("unread", ast.StringTerm(k.Unread)))
	case k.UID == "":
		return ast.NewObject(item("exists", ast.BooleanTerm(false)))
	default:
		return ast.NewObject(item("exists", ast.BooleanTerm(true)), item("uid", ast.StringTerm(k.UID)), item("owners", references(k.Owners)))
	}
}

func references(owners []metav1.OwnerReference) *ast.Term {
	values := make([]*ast.Term, 0, len(owners))
	for _, owner := range owners {
		values = append(values, ast.ObjectTerm(
			item("apiVersion", ast.StringTerm(owner.APIVersion)), item("kind", ast.StringTerm(owner.Kind)),
			item("name", ast.StringTerm(owner.Name)), item("uid", ast.StringTerm(string(owner.UID))),
		))
	}
	return ast.ArrayTerm(values...)
}

func item(key string, value *ast.Term) [2]*ast.Term { return ast.Item(ast.StringTerm(key), value) }

// ParseOwnerKey reads APIVERSION/KIND/NAME, as policies/lib/owners.rego writes an owner reference.
func ParseOwnerKey(key string) (kind schema.GroupVersionKind, name string, err error) {
	rest, name, _ := cutLast(key)
	apiVersion, of, complete := cutLast(rest)
	version, err := schema.ParseGroupVersion(apiVersion)
	if err != nil || !complete || version.Version == "" || of == "" || name == "" {
		return schema.GroupVersionKind{}, "", fmt.Errorf("%q does not have the form APIVERSION/KIND/NAME", key)
	}
	return version.WithKind(of), name, nil
}

func cutLast(text string) (before, after string, found bool) {
	at := strings.LastIndexByte(text, '/')
	if at < 0 {
		return "", text, false
	}
	return text[:at], text[at+1:], true
}

// UID is that of an object of an inventory, or "".
func UID(object ast.Value) string { return textAt(object, "metadata", "uid") }

// Version is the resourceVersion of an object of an inventory, or "".
func Version(object ast.Value) string { return textAt(object, "metadata", "resourceVersion") }

// IsOwnedBy reports whether an object of an inventory has an owner with this UID.
func IsOwnedBy(object ast.Value, uid string) bool {
	return slices.ContainsFunc(elementsAt(object, "metadata", "ownerReferences"), func(reference ast.Value) bool {
		return find(reference, "uid") == ast.Value(ast.String(uid))
	})
}
