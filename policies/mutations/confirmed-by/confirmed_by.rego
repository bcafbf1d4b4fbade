# METADATA
# title: Record who confirmed an operation
# description: |
#   When a user sets or changes `stateward.dev/confirm`, `confirm-until` or `confirm-reason`, Stateward records the
#   authenticated user name in `stateward.dev/confirmed-by`. A user cannot write it for another user, and it is
#   removed with the confirmation. A confirmation without it is ignored, so that none can be added while Stateward is
#   unavailable: this mutation works together with the rule protected-labels.
# custom:
#   on:
#     statefulsets: [CREATE, UPDATE]
#     services: [CREATE, UPDATE]
#     persistentvolumeclaims: [CREATE, UPDATE]
#     namespaces: [CREATE, UPDATE]
#     pods: [CREATE, UPDATE]
#     persistentvolumes: [CREATE, UPDATE]
#     poddisruptionbudgets: [CREATE, UPDATE]
#     controllerrevisions: [CREATE, UPDATE]
#     parents: [CREATE, UPDATE]
#   when:
#     statefulsets: marks
#     services: marks
#     persistentvolumeclaims: marks
#     namespaces: marks
#     pods: marks
#     persistentvolumes: marks
#     poddisruptionbudgets: marks
#     controllerrevisions: marks
#     parents: marks
#   fix: "do not set this annotation: Stateward writes it"
#   since: v0.1.0
package stateward.mutations["confirmed-by"]

import data.stateward.lib.confirmation
import data.stateward.lib.marks
import data.stateward.lib.result
import data.stateward.lib.review

_path := ["metadata", "annotations", marks.confirmed_by]

_pointer := sprintf("/metadata/annotations/%s", [replace(marks.confirmed_by, "/", "~1")])

# A stamp stands beside the operation that is confirmed, so there is a map of annotations to add it to.
report contains result.mutation(rego.metadata.chain(), entry, {
	"path": _path,
	"what": _what(entry, stamp),
	"patch": [{"op": "add", "path": _pointer, "value": stamp}],
}) if {
	some entry in _requests
	stamp := confirmation.stamp(entry)
	stamp != ""
	marks.annotation(entry.object, marks.confirmed_by) != stamp
}

report contains result.mutation(rego.metadata.chain(), entry, {
	"path": _path,
	"what": sprintf("%q confirms nothing here; Stateward removes it", [written]),
	"patch": [{"op": "remove", "path": _pointer}],
}) if {
	some entry in _requests
	confirmation.stamp(entry) == ""
	written := marks.annotation(entry.object, marks.confirmed_by)
	written != ""
}

# A manifest has no user.
_requests := [entry |
	some entry in array.concat(review.objects(marks.kinds), review.parents)
	entry.operation in {"CREATE", "UPDATE"}
]

_what(entry, stamp) := sprintf("Stateward records that %q confirms: %s until %s", [
	stamp,
	marks.annotation(entry.object, marks.confirm),
	marks.annotation(entry.object, marks.until),
]) if {
	marks.confirmation(entry.object) != marks.confirmation(entry.old)
} else := sprintf("only Stateward writes it, so %q is kept", [stamp])
