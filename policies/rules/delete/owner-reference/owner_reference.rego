# METADATA
# title: A new ownerReference can delete this object
# description: |
#   The garbage collector deletes an object when none of its owners exists, and it finds owners by uid. An update that
#   adds an owner is therefore a delayed deletion: of a StatefulSet with its pods, of a claim with its data, of a
#   volume, of a Service, of a PodDisruptionBudget, of a namespace, or of a custom resource with the StatefulSets that
#   it owns. If the owner does not exist, the deletion is immediate. Kubernetes' own controllers may add owners. In a
#   cluster the owner is looked up: if it exists with this uid, service accounts may add it, and people get a warning
#   (for a namespace both are denied; for a claim that gets a pod as its owner people are denied, and service accounts
#   get a warning). Where Stateward may not look, a
#   service account that adds a managing owner (`controller: true`) of a custom kind, as operators do when they adopt an
#   object, gets a warning; `stateward owners --rbac` prints the missing right. A StatefulSet that is created with an
#   owner that does not exist gets a warning, and so does a user who creates one with an owner, or keeps one in a file:
#   the owner does not exist in another cluster.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/architecture/garbage-collection/#owners-dependents
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     statefulsets: [CREATE, UPDATE]
#     services: [UPDATE]
#     persistentvolumeclaims: [UPDATE]
#     persistentvolumes: [UPDATE]
#     namespaces: [UPDATE]
#     poddisruptionbudgets: [UPDATE]
#     parents: [UPDATE]
#     statefulsets/status: [UPDATE]
#     services/status: [UPDATE]
#     persistentvolumeclaims/status: [UPDATE]
#     persistentvolumes/status: [UPDATE]
#     namespaces/status: [UPDATE]
#     poddisruptionbudgets/status: [UPDATE]
#     namespaces/finalize: [UPDATE]
#   when:
#     persistentvolumeclaims: ownerReferences
#     persistentvolumes: ownerReferences
#     namespaces: ownerReferences
#     poddisruptionbudgets: ownerReferences
#     parents: ownerReferences
#     statefulsets/status: ownerReferences
#     services/status: ownerReferences
#     persistentvolumeclaims/status: ownerReferences
#     persistentvolumes/status: ownerReferences
#     namespaces/status: ownerReferences
#     poddisruptionbudgets/status: ownerReferences
#     namespaces/finalize: ownerReferences
#   changes:
#     statefulsets: [metadata.ownerReferences]
#   fix: remove the ownerReference
#   since: v0.1.0
package stateward.rules.delete["owner-reference"]

import data.stateward.lib.identity
import data.stateward.lib.owned
import data.stateward.lib.owners
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.scope

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "ownerReferences", index],
	"what": _what(entry, index),
	"touched": true,
}) if {
	some entry in _judged
	entry.operation == "UPDATE"
	some index in owners.gained(entry)
	not _looks_right(entry, index)
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["metadata", "ownerReferences", index],
	"what": _what(entry, index),
	"fix": "keep this owner for as long as you need the data",
}) if {
	some entry in _judged
	entry.operation == "UPDATE"
	some index in owners.gained(entry)
	_looks_right(entry, index)
	not _found_by_automation(entry, index)
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["metadata", "ownerReferences", index],
	"what": _what(entry, index),
}) if {
	some entry in review.statefulsets
	entry.operation in {"MANIFEST", "CREATE"}
	some index in owners.gained(entry)
	_doubtful(entry, index)
}

_judged := [entry |
	some entry in array.concat(review.stored(object.keys(_losses)), [parent |
		some parent in review.parents
		is_object(parent.object)
	])
	not identity.is_controller(entry.user)
]

# An owner of a namespace is never a matter of course: everything in it goes.
_looks_right(entry, index) if {
	entry.kind != "Namespace"
	owners.existing(entry, index)
	_may_own(entry, index)
}

_looks_right(entry, index) if {
	not owners.existing(entry, index)
	not owners.missing(entry, index)
	_adopts(entry, index)
}

# Custom resources are often owned by those of other programs, whose kinds Stateward may not read.
_looks_right(entry, index) if {
	not entry.kind in object.keys(_losses)
	scope.class(entry.user) == "automation"
	not owners.missing(entry, index)
}

_may_own(entry, index) if not _is_short_lived(entry, index)

# Controllers of other kinds of sets carry out whenScaled in this way, as Kubernetes' own does.
_may_own(entry, _) if scope.class(entry.user) == "automation"

# A claim is to outlive its pods, which each rollout and each drain deletes.
_is_short_lived(entry, index) if {
	entry.kind == "PersistentVolumeClaim"
	owner := entry.object.metadata.ownerReferences[index]
	[owner.apiVersion, owner.kind] == ["v1", "Pod"]
}

_found_by_automation(entry, index) if {
	not _is_short_lived(entry, index)
	owners.existing(entry, index)
	scope.class(entry.user) == "automation"
}

# Operators own what they create by objects of kinds of their own: those of Kubernetes manage none of these objects,
# except by controllers of Kubernetes.
_adopts(entry, index) if {
	scope.class(entry.user) == "automation"
	owner := entry.object.metadata.ownerReferences[index]
	owner.controller == true
	not _cannot_manage(entry, index)
}

_cannot_manage(entry, index) if {
	owners.unread(entry, index)
	group := owned.group_of(entry.object.metadata.ownerReferences[index].apiVersion)
	_of_kubernetes(group)
}

_of_kubernetes(group) if not contains(group, ".")

_of_kubernetes(group) if endswith(group, ".k8s.io")

# What is created with an owner that exists is as its operator wants it; in a file it is of no use in another cluster.
_doubtful(entry, index) if owners.missing(entry, index)

_doubtful(entry, index) if {
	not owners.missing(entry, index)
	scope.class(entry.user) in {"person", "unknown"}
}

# The end of a warning may be cut off.
_what(entry, index) := sprintf("%s: %s", [why, _fate(entry, index)]) if {
	why := owners.unread(entry, index)
} else := _fate(entry, index)

_fate(entry, index) := sprintf("%s %q is DELETED%s %s", [
	entry.kind,
	entry.name,
	object.get(_losses, entry.kind, " with what it owns"),
	_when(entry, index),
])

_when(entry, index) := sprintf("within seconds: %s does not exist", [_owner(entry, index)]) if {
	owners.missing(entry, index)
	count(entry.object.metadata.ownerReferences) == 1
} else := sprintf("once its other owners are gone: %s does not exist", [_owner(entry, index)]) if {
	owners.missing(entry, index)
} else := sprintf("once %s does not exist", [_owner(entry, index)])

_owner(entry, index) := sprintf("%s %q (uid %q)", [
	object.get(owner, "kind", ""),
	object.get(owner, "name", ""),
	object.get(owner, "uid", ""),
]) if {
	owner := entry.object.metadata.ownerReferences[index]
}

# The kinds of Kubernetes that are judged, and what is deleted with each.
_losses := {
	"StatefulSet": " with its pods",
	"PersistentVolumeClaim": " with its data",
	"Service": "",
	"PodDisruptionBudget": "",
	"PersistentVolume": "",
	"Namespace": " with everything in it",
}
