# METADATA
# title: Nobody hangs a life on another object in passing
# description: |
#   The garbage collector deletes an object once none of its owners exists any more, and at once where they never did:
#   an owner is found by its uid. An update that brings an owner is therefore a deletion with a delay, of a
#   StatefulSet with all its pods, of a claim with its data, of a Service or of a whole namespace, and the collector
#   asks nobody. Kubernetes' own controllers may do it. A service account that makes its object the managing owner
#   (`controller: true`), as operators do when they adopt, is warned. So is whoever creates a StatefulSet by hand, or
#   keeps one in a file, with an owner in it: it was exported from a cluster, and in another its owner does not exist.
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
#   fix: leave the owner out
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
	"fix": "let this owner live as long as the data shall",
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

_with("Namespace") := " with all that is in it"
