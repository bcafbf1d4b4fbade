# METADATA
# title: A new ownerReference can delete this object
# description: |
#   The garbage collector deletes an object when none of its owners exists, and it finds owners by uid. An update that
#   adds an owner is therefore a delayed deletion: of a StatefulSet with its pods, of a claim with its data, of a
#   Service or of a whole namespace. If the owner does not exist, the deletion is immediate. Kubernetes' own
#   controllers may add owners. A service account that adds a managing owner (`controller: true`), as operators do
#   when they adopt an object, gets a warning. So does a user who creates a StatefulSet with an owner, or keeps one in
#   a file: the owner does not exist in another cluster.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/architecture/garbage-collection/#owners-dependents
# custom:
#   severity: deny
#   confirm: true
#   on:
#     statefulsets: [CREATE, UPDATE]
#     services: [UPDATE]
#     persistentvolumeclaims: [UPDATE]
#     namespaces: [UPDATE]
#     statefulsets/status: [UPDATE]
#     services/status: [UPDATE]
#     persistentvolumeclaims/status: [UPDATE]
#     namespaces/status: [UPDATE]
#   when:
#     persistentvolumeclaims: owners
#     namespaces: owners
#     statefulsets/status: owners
#     services/status: owners
#     persistentvolumeclaims/status: owners
#     namespaces/status: owners
#   fix: remove the ownerReference
#   since: v0.1.0
package stateward.rules.delete["owner-reference"]

import data.stateward.lib.identity
import data.stateward.lib.owners
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "ownerReferences", index],
	"what": _what(entry, index),
	"touched": true,
}) if {
	some entry in _judged
	entry.operation == "UPDATE"
	some index in owners.gained(entry)
	not _adopts(entry, index)
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["metadata", "ownerReferences", index],
	"what": _what(entry, index),
	"fix": "keep this owner for as long as you need the data",
}) if {
	some entry in _judged
	entry.operation == "UPDATE"
	some index in owners.gained(entry)
	_adopts(entry, index)
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["metadata", "ownerReferences", index],
	"what": _what(entry, index),
}) if {
	some entry in review.statefulsets
	entry.operation in {"MANIFEST", "CREATE"}
	identity.class(entry.user) in {"person", "unknown"}
	some index in owners.gained(entry)
}

_judged := [entry |
	some entry in review.stored({"StatefulSet", "Service", "PersistentVolumeClaim", "Namespace"})
	not identity.is_controller(entry.user)
]

_adopts(entry, index) if {
	identity.class(entry.user) == "automation"
	entry.object.metadata.ownerReferences[index].controller == true
}

_what(entry, index) := sprintf("%s %q is DELETED%s once %s %q does not exist (uid %q)", [
	entry.kind,
	entry.name,
	_with(entry.kind),
	object.get(owner, "kind", ""),
	object.get(owner, "name", ""),
	object.get(owner, "uid", ""),
]) if {
	owner := entry.object.metadata.ownerReferences[index]
}

_with("StatefulSet") := " with its pods"

_with("PersistentVolumeClaim") := " with its data"

_with("Service") := ""

_with("Namespace") := " with everything in it"
