# METADATA
# title: Changing ordinals.start needs confirmation
# description: |
#   `spec.ordinals.start` is part of every pod name: a change from 0 to 5 stops `web-0` and starts `web-5`, which has
#   another claim. The data stays in the old claims; with `whenScaled: Delete` the garbage collector deletes them
#   without a question. Pods whose ordinal is in both the old and the new range are kept. A set with 0 replicas has
#   claims too, which no pod finds any more. A set that is created over the pods of a former one stops those below its
#   start, and one that is created without its former pods does not find the claims below its start.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#start-ordinal
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     statefulsets: [CREATE, UPDATE]
#   changes:
#     statefulsets: [spec.ordinals]
#   reads: [persistentvolumeclaims, pods]
#   fix: keep ordinals.start, or first move the data to the claims of the new pods
#   since: v0.1.0
#   cel:
#     on:
#       statefulsets: [UPDATE]
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
#     notChecked:
#       persistentvolumeclaims: a policy sees no other objects
package stateward.rules.identity["ordinals-start"]

import data.stateward.lib.claim
import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.listing
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.scaling

_path := ["spec", "ordinals", "start"]

report contains result.violation(rego.metadata.chain(), change.entry, {
	"path": _path,
	"what": change.what,
}) if {
	some change in _changes
	count(change.going) > 0
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": _path,
	"what": sprintf("from %v to %v the next pods no longer find claims %s", [from, to, listing.short(names)]),
}) if {
	some entry in review.statefulsets
	entry.operation == "UPDATE"
	is_object(entry.old)
	from := defaults.ordinals_start(entry.old)
	to := defaults.ordinals_start(entry.object)
	from != to
	defaults.replicas(entry.old) == 0
	names := _out_of_reach(entry, to)
	count(names) > 0
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": _path,
	"what": sprintf("%v stops %s, which a former StatefulSet of this name left%s", [
		start,
		listing.short([sprintf("%s-%v", [entry.name, ordinal]) | some ordinal in below]),
		_others(entry.object),
	]),
	"fix": sprintf("create it with ordinals.start %v first, then change it by an update", [below[0]]),
}) if {
	some entry in review.statefulsets
	start := defaults.ordinals_start(entry.object)
	start > 0
	below := [ordinal | some ordinal in scaling.stopped(entry); ordinal < start]
	count(below) > 0
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": _path,
	"what": sprintf("no pod finds claims %s of a former set, which are below %v", [listing.short(names), start]),
	"fix": "start where the former set did if its data is needed",
}) if {
	some entry in review.statefulsets
	entry.operation == "CREATE"
	start := defaults.ordinals_start(entry.object)
	start > 0
	not _has_claims(entry)
	scaling.stopped(entry) == []
	names := [each.name |
		some pod in claim.of_pods(object.union(entry.object, {"spec": {"ordinals": {"start": 0}}}), 0, start)
		some each in pod.claims
		cluster.claim(entry.namespace, each.name)
	]
	count(names) > 0
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

# The claims of the pods that there were, below the new range, or beyond its replicas if it has some.
_out_of_reach(entry, to) := [each.name |
	replicas := defaults.replicas(entry.object)
	start := defaults.ordinals_start(entry.old)
	some index, pod in claim.of_pods(entry.old, 0, 32)
	_is_outside(start + index, to, replicas)
	some each in pod.claims
	cluster.claim(entry.namespace, each.name)
]

_has_claims(entry) if {
	some each in claim.of_pods(entry.object, 0, 1)[0].claims
	cluster.claim(entry.namespace, each.name)
}

_is_outside(ordinal, to, _) if ordinal < to

_is_outside(ordinal, to, replicas) if {
	replicas > 0
	ordinal >= to + replicas
}

_others(sts) := "" if {
	_claimless(sts)
} else := ": others start with other claims"

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
