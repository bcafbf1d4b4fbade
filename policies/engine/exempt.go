package engine

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// exempt returns why a request is allowed without evaluation, or "". It is the fast form of policies/lib/exempt.rego,
// which says why each case must never be denied; a test compares the two. It depends on no rule, so that
// a cluster can always finish its operations, whatever the rules decide.
func exempt(input lazy.Value, request Request) string {
	object, old := part(input, "object"), part(input, "oldObject")
	switch {
	case request.Operation == "":
		return ""
	case request.Operation == policies.Inspect && lazy.Find(object, "metadata", "deletionTimestamp") != nil:
		return "the object is already terminating"
	case unprotects(request, object, old):
		return ""
	case old != nil && lazy.Find(old, "metadata", "deletionTimestamp") != nil &&
		!cutsShort(input, request, object, old) && !deletesOtherwise(input, request, old):
		return "the object is already terminating"
	case request.Operation == "DELETE" && slices.Contains(policies.DeletionControllers(), request.User.Username):
		return "a controller of Kubernetes finishes a deletion"
	case request.Operation == "UPDATE" && object != nil && old != nil && sameSubstance(object, old) && !gainsOwner(object, old):
		return "neither spec nor guarded metadata changes"
	case (request.Subresource == "status" || request.Subresource == "finalize") && !slipsIn(object, old):
		return "the status belongs to the controllers"
	default:
		return ""
	}
}

// cutsShort reports whether a deletion ends a pod's grace period, or an update confirms that.
func cutsShort(input lazy.Value, request Request, object, old lazy.Value) bool {
	if request.Kind != "Pod" {
		return false
	}
	switch request.Operation {
	case "DELETE":
		return isZero(lazy.Find(input, "request", "options", "gracePeriodSeconds")) &&
			!isZero(lazy.Find(old, "metadata", "deletionGracePeriodSeconds"))
	case "UPDATE":
		return metadataDiffers(object, old)
	default:
		return false
	}
}

// unprotects reports whether an update removes a finalizer with which Kubernetes protects a volume or a claim in use.
func unprotects(request Request, object, old lazy.Value) bool {
	if request.Operation != "UPDATE" || request.Kind != "PersistentVolume" && request.Kind != "PersistentVolumeClaim" {
		return false
	}
	return slices.ContainsFunc(policies.ProtectionFinalizers(), func(name string) bool {
		return hasFinalizer(old, name) && !hasFinalizer(object, name)
	})
}

func hasFinalizer(object lazy.Value, name string) bool {
	finalizers, _ := lazy.Elements(lazy.Find(object, "metadata", "finalizers"))
	return slices.ContainsFunc(finalizers, func(each lazy.Value) bool { return lazy.Is(each, ast.String(name)) })
}

// deletesOtherwise reports whether a second deletion of a StatefulSet has another propagation policy than the first.
func deletesOtherwise(input lazy.Value, request Request, old lazy.Value) bool {
	if request.Operation != "DELETE" || request.Kind != "StatefulSet" {
		return false
	}
	first := ast.String("Background")
	switch {
	case hasFinalizer(old, "orphan"):
		first = "Orphan"
	case hasFinalizer(old, "foregroundDeletion"):
		first = "Foreground"
	}
	options := lazy.Find(input, "request", "options")
	if policy := lazy.Find(options, "propagationPolicy"); policy != nil {
		return !lazy.Is(policy, first)
	}
	orphan := lazy.Find(options, "orphanDependents")
	return orphan != nil && lazy.Is(orphan, ast.Boolean(true)) != (first == "Orphan")
}

// slipsIn reports whether a write of a status changes annotations, labels or owners too.
func slipsIn(object, old lazy.Value) bool {
	return metadataDiffers(object, old) || !sameLabels(object, old) || gainsOwner(object, old)
}

func metadataDiffers(object, old lazy.Value) bool {
	return !sameMetadata(lazy.Find(object, "metadata", "annotations"), lazy.Find(old, "metadata", "annotations")) ||
		!sameMetadata(lazy.Find(object, "metadata", "labels"), lazy.Find(old, "metadata", "labels"))
}

func isZero(value lazy.Value) bool { return lazy.Is(value, ast.Number("0")) }

// sameSubstance compares all but the metadata and status that controllers and clients write as they please.
func sameSubstance(object, old lazy.Value) bool {
	return sameFields(object, old, func(key string) bool { return key != "metadata" && key != "status" }) &&
		sameLabels(object, old) &&
		sameMetadata(lazy.Find(object, "metadata", "annotations"), lazy.Find(old, "metadata", "annotations"))
}

func sameLabels(object, old lazy.Value) bool {
	return lazy.Equal(orEmpty(lazy.Find(object, "metadata", "labels")), orEmpty(lazy.Find(old, "metadata", "labels")))
}

// gainsOwner reports whether the object has an owner that it had not before; policies/lib/owners.rego says why it matters.
func gainsOwner(object, old lazy.Value) bool {
	known := owners(old)
	return slices.ContainsFunc(owners(object), func(owner ownerIdentity) bool { return !slices.Contains(known, owner) })
}

// ownerIdentity holds the values of apiVersion, kind, name and uid, as text of any type.
type ownerIdentity [4]string

func owners(object lazy.Value) (list []ownerIdentity) {
	references, _ := lazy.Elements(lazy.Find(object, "metadata", "ownerReferences"))
	for _, reference := range references {
		var owner ownerIdentity
		for index, key := range []string{"apiVersion", "kind", "name", "uid"} {
			if value := lazy.Forced(lazy.Find(reference, key)); value != nil {
				owner[index] = value.String()
			}
		}
		list = append(list, owner)
	}
	return list
}

func sameMetadata(annotations, old lazy.Value) bool {
	left, right := orEmpty(annotations), orEmpty(old)
	if !lazy.IsObject(left) || !lazy.IsObject(right) {
		return false
	}
	return sameFields(left, right, func(key string) bool { return strings.HasPrefix(key, "stateward.dev/") })
}

func sameFields(left, right lazy.Value, counts func(key string) bool) bool {
	return lazy.Within(left, right, counts) && lazy.Within(right, left, counts)
}

// part returns an object of the request, nil if it has none.
func part(input lazy.Value, name string) lazy.Value {
	if object := lazy.Find(input, "request", name); lazy.IsObject(object) {
		return object
	}
	return nil
}

func orEmpty(value lazy.Value) lazy.Value {
	if value == nil {
		return lazy.Of(ast.InternedEmptyObject)
	}
	return value
}
