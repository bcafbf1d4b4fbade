# METADATA
# title: A scale-down of a set with claims is said
# description: |
#   The pods that go are those of the highest ordinals, and their claims stay behind or go with them. Systems that vote
#   (etcd, ZooKeeper, Consul and others, found by their images) must have the members voted out first: half of them at
#   once, or an even number that stays, can stop the rest. Autoscalers scale as they were asked to, and are told of it
#   only where members vote. Parameter `quorums` adds images by the last part of their name. A StatefulSet that is
#   created over the pods that a former one of its name left stops those that it has no place for.
# related_resources:
#   - ref: https://etcd.io/docs/v3.6/faq/#why-an-odd-number-of-cluster-members
#   - ref: https://zookeeper.apache.org/doc/current/zookeeperAdmin.html#sc_zkMulitServerSetup
#   - ref: https://developer.hashicorp.com/consul/docs/concept/consensus
#   - ref: https://www.rabbitmq.com/docs/quorum-queues
#   - ref: https://kubernetes.io/docs/tasks/run-application/scale-stateful-set/
# custom:
#   severity: warn
#   profile:
#     strict: deny
#   confirm: true
#   on:
#     statefulsets: [CREATE, UPDATE]
#     statefulsets/scale: [UPDATE]
#   changes:
#     statefulsets: [spec.replicas]
#   reads: [pods, statefulsets]
#   params:
#     quorums:
#       type: array
#       default: []
#       description: More images whose pods vote, by the last part of their name
#   fix: let the members that go leave the cluster first, then scale by one at a time
#   since: v0.1.0
package stateward.rules.scale["scale-down"]

import data.stateward.lib.config
import data.stateward.lib.defaults
import data.stateward.lib.identity
import data.stateward.lib.listing
import data.stateward.lib.metadata
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.scaling
import data.stateward.lib.voters

_path := ["spec", "replicas"]

# As many names as a person reads.
_most := 3

report contains result.advice(rego.metadata.chain(), write.entry, {
	"path": _path,
	"what": sprintf("%s%v to %v stops %s; %s", [_vanished(write), write.from, write.to, _pods(write), _claims(write)]),
	"fix": "make sure that nothing needs these pods' data",
}) if {
	some write in _downs
	count(object.get(write.sts, ["spec", "volumeClaimTemplates"], [])) > 0

	# Claims that are deleted are what scale-down-data speaks of.
	defaults.when_scaled(write.sts) != "Delete"
	not _automatic(write.entry)
	not voters.system(write.sts, config.param(rego.metadata.chain(), "quorums"))
}

report contains result.violation(rego.metadata.chain(), write.entry, {
	"path": _path,
	"what": sprintf("%s%v to %v stops %s of %s, whose members vote: %s", [
		_vanished(write),
		write.from,
		write.to,
		_pods(write),
		system,
		_votes(write),
	]),
	"touched": true,
}) if {
	some write in _downs
	not metadata.protects(write.sts, metadata.quorum)
	system := voters.system(write.sts, config.param(rego.metadata.chain(), "quorums"))
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": _path,
	"what": sprintf("this stops %s, which a former StatefulSet of this name left", [listing.short(names)]),
	"fix": "create it with the replicas and ordinals that the former one had",
}) if {
	some entry in review.statefulsets

	# Of those below the start speaks ordinals-start.
	names := [sprintf("%s-%v", [entry.name, ordinal]) |
		some ordinal in scaling.stopped(entry)
		ordinal >= defaults.ordinals_start(entry.object)
	]
	count(names) > 0
}

# To nothing is a matter of its own: scale-to-zero speaks of it.
_downs := [write |
	some write in scaling.writes
	write.to < write.from
	write.to > 0
]

_automatic(entry) if identity.is_controller(entry.user)

_vanished(write) := "replicas is gone, and the API server makes it 1: " if {
	write.entry.kind == "StatefulSet"
	object.get(write.entry.object, _path, null) == null
} else := ""

_pods(write) := concat("", [
	concat(", ", [sprintf("%s-%d", [write.sts.metadata.name, ordinal]) |
		some index in numbers.range(write.to, min([write.from, write.to + _most]) - 1)
		ordinal := defaults.ordinals_start(write.sts) + index
	]),
	_more(write),
])

_more(write) := sprintf(" and %v more", [rest]) if {
	rest := (write.from - write.to) - _most
	rest > 0
} else := ""

_claims(write) := concat("", [_half(write), sprintf("their claims %s stay", [concat(", ", names)])]) if {
	names := [template.metadata.name | some template in write.sts.spec.volumeClaimTemplates]
}

_half(write) := "half of the pods or more go at once, " if (write.from - write.to) * 2 >= write.from

else := ""

_votes(write) := sprintf("less than the %v that are a majority stay", [majority]) if {
	majority := voters.majority(write.from)
	write.to < majority
} else := "an even number survives no more failures than one less" if {
	write.to % 2 == 0
} else := "each must be voted out before its pod goes"
