# METADATA
# title: Scaling keeps a quorum majority
# description: |
#   Voting members (etcd, ZooKeeper, Consul, MongoDB) need more than half of them alive. 2 members tolerate no
#   failure, and 4 tolerate no more than 3 do. A scale-down that removes half of the members in one step leaves too
#   few to vote the others out. The rule applies only to a StatefulSet with the label `stateward.dev/quorum: "true"`.
# related_resources:
#   - ref: https://etcd.io/docs/v3.6/faq/#why-an-odd-number-of-cluster-members
# custom:
#   severity: deny
#   confirm: true
#   on:
#     statefulsets: [CREATE, UPDATE]
#     statefulsets/scale: [UPDATE]
#   reads: [statefulsets]
#   fix: choose an odd number of at least 3
#   since: v0.1.0
#   cel:
#     on:
#       statefulsets: [CREATE, UPDATE]
#     variables:
#       - name: votes
#         expression: >-
#           object.metadata.?labels[?'stateward.dev/quorum'].orValue('') == 'true' ||
#           oldObject.?metadata.?labels[?'stateward.dev/quorum'].orValue('') == 'true'
#       - {name: to, expression: "object.spec.?replicas.orValue(1)"}
#       - {name: from, expression: "oldObject == null ? 0 : oldObject.spec.?replicas.orValue(1)"}
#       - {name: loses, expression: "variables.from > 0 && variables.to < variables.from / 2 + 1"}
#     validations:
#       - path: spec.replicas
#         expression: "!variables.votes || variables.to == 0 || !variables.loses"
#         what: >-
#           'from ' + string(variables.from) + ' to ' + string(variables.to) + ' in one step is below the
#           majority of ' + string(variables.from / 2 + 1)
#       - path: spec.replicas
#         expression: >-
#           !variables.votes || variables.to == 0 || variables.loses || (variables.to >= 3 && variables.to % 2 == 1)
#           ||
#           (oldObject != null && variables.from == variables.to)
#         what: "string(variables.to) + ' members tolerate no more failures than fewer members would'"
#     notChecked:
#       statefulsets: a Scale does not contain its StatefulSet
package stateward.rules.scale.quorum

import data.stateward.lib.metadata
import data.stateward.lib.result
import data.stateward.lib.scaling
import data.stateward.lib.voters

_path := ["spec", "replicas"]

report contains result.violation(rego.metadata.chain(), change.entry, {
	"path": _path,
	"what": _size_problem(change.to),
	"touched": change.from != change.to,
}) if {
	some change in _changes
	not _loses_majority(change)
}

report contains result.violation(rego.metadata.chain(), change.entry, {
	"path": _path,
	"what": sprintf("from %v to %v in one step is below the majority of %v", [
		change.from,
		change.to,
		voters.majority(change.from),
	]),
	"fix": _way_down(_odd(voters.majority(change.from)), change.from),
}) if {
	some change in _changes
	_loses_majority(change)
}

# Stopping the whole set is another matter: scale-to-zero speaks of it.
_changes := [change |
	some entry in scaling.requests
	_votes(entry)
	change := {"entry": entry, "from": scaling.from(entry), "to": scaling.to(entry)}
	change.to != 0
]

# A request that takes the label away is judged as well; a Scale has no labels.
_votes(entry) if metadata.protects(entry.old, metadata.quorum)

_votes(entry) if metadata.protects(scaling.sts(entry), metadata.quorum)

_loses_majority(change) if {
	change.from > 0
	change.to < voters.majority(change.from)
}

_size_problem(members) := "1 member tolerates no failure" if {
	members == 1
} else := sprintf("%v members tolerate no failure", [members]) if {
	members < 3
} else := sprintf("%v members tolerate no more failures than %v", [members, members - 1]) if {
	members % 2 == 0
}

_odd(members) := members if {
	members % 2 == 1
} else := members + 1

_way_down(step, from) := sprintf("scale to %v first, and remove the stopped members from the quorum", [step]) if {
	step < from
} else := "choose an odd number of at least 3"
