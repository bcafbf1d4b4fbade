# METADATA
# title: Changing ordinals.start needs confirmation
# description: |
#   `spec.ordinals.start` is part of every pod name: a change from 0 to 5 stops `web-0` and starts `web-5`, which has
#   another claim. The data stays in the old claims; with `whenScaled: Delete` the garbage collector deletes them
#   without a question. Pods whose ordinal is in both the old and the new range are kept.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#start-ordinal
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     statefulsets: [UPDATE]
#   changes:
#     statefulsets: [spec.ordinals]
#   fix: keep ordinals.start, or first move the data to the claims of the new pods
#   since: v0.1.0
#   cel:
#     variables:
#       - {name: from, expression: "oldObject.spec.?ordinals.?start.orValue(0)"}
#       - {name: to, expression: "object.spec.?ordinals.?start.orValue(0)"}
#       - {name: had, expression: "oldObject.spec.?replicas.orValue(1)"}
#       - {name: replicas, expression: "object.spec.?replicas.orValue(1)"}
#     validations:
#       - path: spec.ordinals.start
#         # No pod stops if the range only grows.
#         expression: >-
#           variables.from == variables.to || variables.had <= 0 ||
#           (variables.to <= variables.from && variables.from + variables.had <= variables.to + variables.replicas)
#         what: >-
#           'from ' + string(variables.from) + ' to ' + string(variables.to) + ' stops pods, and starts others with
#           other claims'
package stateward.rules.identity["ordinals-start"]

import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review

_path := ["spec", "ordinals", "start"]

report contains result.violation(rego.metadata.chain(), change.entry, {
	"path": _path,
	"what": change.what,
}) if {
	some change in _changes
	count(change.going) > 0
}

# No pod stops if the range only grows towards 0.
report contains result.advice(rego.metadata.chain(), change.entry, {
	"path": _path,
	"what": change.what,
	"fix": "check that their claims hold no old data",
}) if {
	some change in _changes
	change.going == []
}

_changes := [change |
	some entry in review.statefulsets
	entry.operation == "UPDATE"
	is_object(entry.old)
	from := defaults.ordinals_start(entry.old)
	to := defaults.ordinals_start(entry.object)
	from != to
	defaults.replicas(entry.old) > 0
	going := _outside(_range(entry.old), _range(entry.object))
	coming := _outside(_range(entry.object), _range(entry.old))
	effects := array.concat(
		[sprintf("stops %s%s", [_pods(entry.name, going), _left(entry.object)]) | count(going) > 0],
		[sprintf("starts %s%s", [_pods(entry.name, coming), _new(entry.object)]) | count(coming) > 0],
	)
	change := {
		"entry": entry,
		"going": going,
		"what": sprintf("from %v to %v %s", [from, to, concat(", ", effects)]),
	}
]

_range(sts) := {"first": first, "last": (first + defaults.replicas(sts)) - 1} if {
	first := defaults.ordinals_start(sts)
}

# The parts of one range below and above the other; an empty range has its last before its first.
_outside(one, other) := [one] if {
	other.last < other.first
} else := [part |
	some part in [
		{"first": one.first, "last": min([one.last, other.first - 1])},
		{"first": max([one.first, other.last + 1]), "last": one.last},
	]
	part.first <= part.last
]

_pods(name, parts) := concat(" and ", [_span(name, part) | some part in parts])

_span(name, part) := sprintf("%s-%v", [name, part.first]) if {
	part.first == part.last
} else := sprintf("%s-%v to %s-%v", [name, part.first, name, part.last])

_left(sts) := "" if {
	_claimless(sts)
} else := " (claims DELETED, whenScaled: Delete)" if {
	defaults.when_scaled(sts) == "Delete"
} else := " (claims stay)"

_new(sts) := "" if {
	_claimless(sts)
} else := " with other claims"

_claimless(sts) if object.get(sts, ["spec", "volumeClaimTemplates"], null) in {null, []}
