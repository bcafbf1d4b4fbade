package engine

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// exempt tells why a review is let through without evaluation, or "". It is the fast form of policies/lib/exempt.rego,
// which says why each case must never be stopped; a test holds the two together. It depends on no rule, so that
// a cluster can always finish what it has begun, whatever state the rules are in.
func exempt(input ast.Value, review Review) string {
	object, old := part(input, "object"), part(input, "oldObject")
	switch {
	case review.Operation == "":
		return ""
	case review.Operation == policies.Inspect && lazy.Find(object, "metadata", "deletionTimestamp") != nil:
		return "the object is already terminating"
	case unprotects(review, object, old):
		return ""
	case old != nil && lazy.Find(old, "metadata", "deletionTimestamp") != nil &&
		!cutsShort(input, review, object, old) && !deletesOtherwise(input, review, old):
		return "the object is already terminating"
	case review.Operation == "DELETE" && slices.Contains(policies.DeletionControllers(), review.User.Username):
		return "a controller of Kubernetes finishes a deletion"
	case review.Operation == "UPDATE" && object != nil && old != nil && sameSubstance(object, old) && !gainsOwner(object, old):
		return "neither spec nor guarded metadata changes"
	case (review.Subresource == "status" || review.Subresource == "finalize") && !slipsIn(object, old):
		return "the status belongs to the controllers"
	default:
		return ""
	}
}

// cutsShort tells a deletion that ends a pod's grace period, and what confirms it, from what merely lets a pod go.
func cutsShort(input ast.Value, review Review, object, old ast.Value) bool {
	if review.Kind != "Pod" {
		return false
	}
	switch review.Operation {
	case "DELETE":
		return isZero(lazy.Find(input, "request", "options", "gracePeriodSeconds")) &&
			!isZero(lazy.Find(old, "metadata", "deletionGracePeriodSeconds"))
	case "UPDATE":
		return marksDiffer(object, old)
	default:
		return false
	}
}

// unprotects tells the removal of a finalizer by which Kubernetes protects a volume or a claim in use.
func unprotects(review Review, object, old ast.Value) bool {
	if review.Operation != "UPDATE" || review.Kind != "PersistentVolume" && review.Kind != "PersistentVolumeClaim" {
		return false
	}
	return slices.ContainsFunc(policies.ProtectionFinalizers(), func(name string) bool {
		return hasFinalizer(old, name) && !hasFinalizer(object, name)
	})
}

func hasFinalizer(object ast.Value, name string) bool {
	finalizers, _ := lazy.Elements(lazy.Find(object, "metadata", "finalizers"))
	return slices.ContainsFunc(finalizers, func(each *ast.Term) bool { return lazy.Equal(each.Value, ast.String(name)) })
}

// deletesOtherwise tells a second deletion of a StatefulSet whose propagation policy is not that of the first.
func deletesOtherwise(input ast.Value, review Review, old ast.Value) bool {
	if review.Operation != "DELETE" || review.Kind != "StatefulSet" {
		return false
	}
	first := ast.Value(ast.String("Background"))
	switch {
	case hasFinalizer(old, "orphan"):
		first = ast.String("Orphan")
	case hasFinalizer(old, "foregroundDeletion"):
		first = ast.String("Foreground")
	}
	options := lazy.Find(input, "request", "options")
	if policy := lazy.Find(options, "propagationPolicy"); policy != nil {
		return !lazy.Equal(policy, first)
	}
	orphan := lazy.Find(options, "orphanDependents")
	return orphan != nil && lazy.Equal(orphan, ast.Boolean(true)) != lazy.Equal(first, ast.String("Orphan"))
}

// slipsIn tells a write of a status that brings marks, labels or owners with it.
func slipsIn(object, old ast.Value) bool {
	return marksDiffer(object, old) || !sameLabels(object, old) || gainsOwner(object, old)
}

func marksDiffer(object, old ast.Value) bool {
	return !sameMarks(lazy.Find(object, "metadata", "annotations"), lazy.Find(old, "metadata", "annotations")) ||
		!sameMarks(lazy.Find(object, "metadata", "labels"), lazy.Find(old, "metadata", "labels"))
}

func isZero(value ast.Value) bool { return value != nil && lazy.Equal(value, ast.Number("0")) }

// sameSubstance compares all but the metadata and status that controllers and clients write as they please.
func sameSubstance(object, old ast.Value) bool {
	return sameFields(object, old, func(key string) bool { return key != "metadata" && key != "status" }) &&
		sameLabels(object, old) &&
		sameMarks(lazy.Find(object, "metadata", "annotations"), lazy.Find(old, "metadata", "annotations"))
}

func sameLabels(object, old ast.Value) bool {
	return lazy.Equal(orEmpty(lazy.Find(object, "metadata", "labels")), orEmpty(lazy.Find(old, "metadata", "labels")))
}

// gainsOwner reports whether the object has an owner that it had not before; policies/lib/owners.rego says why it matters.
func gainsOwner(object, old ast.Value) bool {
	known := owners(old)
	return slices.ContainsFunc(owners(object), func(owner ownerIdentity) bool { return !slices.Contains(known, owner) })
}

// ownerIdentity holds the values of apiVersion, kind, name and uid, as text of any type.
type ownerIdentity [4]string

func owners(object ast.Value) (list []ownerIdentity) {
	references, _ := lazy.Elements(lazy.Find(object, "metadata", "ownerReferences"))
	for _, reference := range references {
		var owner ownerIdentity
		for index, key := range []string{"apiVersion", "kind", "name", "uid"} {
			if value := lazy.Forced(lazy.Find(reference.Value, key)); value != nil {
				owner[index] = value.String()
			}
		}
		list = append(list, owner)
	}
	return list
}

func sameMarks(annotations, old ast.Value) bool {
	left, right := orEmpty(annotations), orEmpty(old)
	if !lazy.IsObject(left) || !lazy.IsObject(right) {
		return false
	}
	return sameFields(left, right, func(key string) bool { return strings.HasPrefix(key, "stateward.dev/") })
}

func sameFields(left, right ast.Value, counts func(key string) bool) bool {
	return fieldsWithin(left, right, counts) && fieldsWithin(right, left, counts)
}

// fieldsWithin reports whether every field of left that counts stands in right with the same value.
func fieldsWithin(left, right ast.Value, counts func(key string) bool) bool {
	fields, _ := lazy.Fields(left)
	return !slices.ContainsFunc(fields, func(field [2]*ast.Term) bool {
		name, ok := field[0].Value.(ast.String)
		if !ok || !counts(string(name)) {
			return false
		}
		other := lazy.Get(right, field[0])
		return other == nil || !lazy.Equal(field[1].Value, other)
	})
}

// part is an object of the request, nil where it has none.
func part(input ast.Value, name string) ast.Value {
	if object := lazy.Find(input, "request", name); lazy.IsObject(object) {
		return object
	}
	return nil
}

func orEmpty(value ast.Value) ast.Value {
	if value == nil {
		return ast.NewObject()
	}
	return value
}
