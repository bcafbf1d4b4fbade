# METADATA
# title: Record who confirmed an operation
# description: |
#   When a user sets or changes `stateward.dev/confirm`, `confirm-until`, `confirm-for`, `confirm-rules` or
#   `confirm-reason`, Stateward records the authenticated user name in `stateward.dev/confirmed-by`, and the state of
#   the object in `stateward.dev/confirmed-object`. A user cannot write them for another user, and they are removed
#   with the confirmation. A service account confirms only by a request that changes nothing else, so that a chart or a
#   sync that contains the annotations does not confirm its own changes; `confirmed-object` is left out otherwise, and
#   such a confirmation has no effect. A confirmation without `confirmed-by` is ignored, so that none can be added while
#   Stateward is unavailable: this mutation works together with the rule protected-labels.
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
#     statefulsets: metadata
#     services: metadata
#     persistentvolumeclaims: metadata
#     namespaces: metadata
#     pods: metadata
#     persistentvolumes: metadata
#     poddisruptionbudgets: metadata
#     controllerrevisions: metadata
#     parents: metadata
#   reads: [persistentvolumeclaims, statefulsets]
#   fix: "do not set this annotation: Stateward writes it"
#   since: v0.1.0
package stateward.mutations["confirmed-by"]

import data.stateward.lib.identity
import data.stateward.lib.metadata
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.stamp

_path := ["metadata", "annotations", metadata.confirmed_by]

# Stamps are written beside the operation that is confirmed, so there is a map of annotations to add them to.
report contains result.mutation(rego.metadata.chain(), entry, {
	"path": _path,
	"what": _what(entry, stamp.name(entry)),
	"patch": patch,
}) if {
	some entry in _requests
	stamp.name(entry) != ""
	patch := array.concat(_ends(entry), _written(entry))
	count(patch) > 0
}

report contains result.mutation(rego.metadata.chain(), entry, {
	"path": ["metadata", "annotations", left[0]],
	"what": sprintf("%q confirms nothing here; Stateward removes it", [metadata.annotation(entry.object, left[0])]),
	"patch": [{"op": "remove", "path": _pointer(mark)} | some mark in left],
}) if {
	some entry in _requests
	stamp.name(entry) == ""
	left := [mark |
		some mark in [metadata.confirmed_by, metadata.confirmed_object]
		metadata.annotation(entry.object, mark) != ""
	]
	count(left) > 0
}

# The time when a confirmation ends replaces how long it is to last, so that the same command can renew it.
_ends(entry) := [
	{"op": "add", "path": _pointer(metadata.until), "value": until},
	{"op": "remove", "path": _pointer(metadata.for_time)},
] if {
	until := stamp.promised(entry)
} else := []

_written(entry) := [_write(_pointer(mark), value) |
	some mark, value in {
		metadata.confirmed_by: stamp.name(entry),
		metadata.confirmed_object: stamp.bound(entry),
	}
	metadata.annotation(entry.object, mark) != value
]

_write(pointer, "") := {"op": "remove", "path": pointer}

_write(pointer, value) := {"op": "add", "path": pointer, "value": value} if value != ""

_pointer(mark) := sprintf("/metadata/annotations/%s", [replace(mark, "/", "~1")])

# A manifest has no user.
_requests := [entry |
	some entry in array.concat(review.objects(metadata.kinds), review.parents)
	entry.operation in {"CREATE", "UPDATE"}
]

_what(entry, name) := sprintf("%q confirms nothing: %s", [name, _in_passing]) if {
	stamp.renewed(entry)
	identity.is_service_account(name)
	stamp.bound(entry) == ""
} else := sprintf("%q names no rules (deprecated), so loss of data is not confirmed: %s until %s", [
	name,
	metadata.annotation(entry.object, metadata.confirm),
	_until(entry),
]) if {
	stamp.renewed(entry)
	metadata.annotation(entry.object, metadata.rules) == ""
} else := sprintf("Stateward records that %q confirms: %s until %s, for %s", [
	name,
	metadata.annotation(entry.object, metadata.confirm),
	_until(entry),
	metadata.annotation(entry.object, metadata.rules),
]) if {
	stamp.renewed(entry)
} else := sprintf("only Stateward writes it, so %q is kept", [name])

_in_passing := "the same request makes other changes too, or creates the object"

_until(entry) := until if {
	until := stamp.promised(entry)
} else := metadata.annotation(entry.object, metadata.until)
