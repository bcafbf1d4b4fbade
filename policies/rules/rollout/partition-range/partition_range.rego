# METADATA
# title: The partition is within the replicas
# description: |
#   A RollingUpdate changes only pods whose replica index is at least `partition`. Kubernetes accepts a partition
#   above `replicas` and then silently rolls out nothing. Either side can cause this: raising the partition, lowering
#   the replicas in the spec, or `kubectl scale`. The partition is a replica index; `ordinals.start` does not shift
#   it. A set that is scaled to 0 may keep its partition, which counts again when it is scaled up.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#partitions
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#     statefulsets/scale: [UPDATE]
#   reads: [statefulsets]
#   fix: choose a partition from 0 (update every pod) to replicas - 1 (update the last pod only)
#   since: v0.1.0
#   cel:
#     on:
#       statefulsets: [CREATE, UPDATE]
#     variables:
#       - name: rolls
#         expression: object.spec.?updateStrategy.?type.orValue('RollingUpdate') == 'RollingUpdate'
#       - {name: partition, expression: "object.spec.?updateStrategy.?rollingUpdate.?partition.orValue(0)"}
#       - {name: replicas, expression: "object.spec.?replicas.orValue(1)"}
#       - name: wasWrong
#         expression: >-
#           oldObject != null && (variables.partition <=
#           oldObject.spec.?updateStrategy.?rollingUpdate.?partition.orValue(0) &&
#           variables.replicas >= oldObject.spec.?replicas.orValue(1)) &&
#           oldObject.spec.?updateStrategy.?rollingUpdate.?partition.orValue(0) > oldObject.spec.?replicas.orValue(1)
#       - name: pauses
#         expression: >-
#           oldObject != null && variables.replicas == 0 &&
#           variables.partition <= oldObject.spec.?updateStrategy.?rollingUpdate.?partition.orValue(0)
#     validations:
#       - path: spec.updateStrategy.rollingUpdate.partition
#         expression: >-
#           !variables.rolls || variables.replicas < 0 || variables.partition <= variables.replicas ||
#           variables.wasWrong || variables.pauses
#         what: >-
#           string(variables.partition) + ' is greater than replicas ' + string(variables.replicas) + ': no update
#           would reach any pod'
#     notChecked:
#       statefulsets: a Scale does not contain its StatefulSet
package stateward.rules.rollout["partition-range"]

import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.rollout

_path := ["spec", "updateStrategy", "rollingUpdate", "partition"]

report contains result.violation(rego.metadata.chain(), entry, {
	"path": _path,
	"what": problem,
	"touched": _worse(entry),
}) if {
	some entry in review.statefulsets
	defaults.update_strategy(entry.object) == "RollingUpdate"
	not _pauses(entry)
	problem := _problem(defaults.partition(entry.object), defaults.replicas(entry.object))
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "replicas"],
	"what": sprintf("%v is less than partition %v: no later update would reach any pod", [replicas, partition]),
	"fix": sprintf("%slower the partition to at most %v first", [_rollout(sts), replicas]),
	"touched": replicas < defaults.scale_replicas(entry.old),
}) if {
	some entry in review.scales
	sts := cluster.statefulset(entry.namespace, entry.name)
	defaults.update_strategy(sts) == "RollingUpdate"
	replicas := defaults.scale_replicas(entry.object)
	partition := defaults.partition(sts)
	partition > replicas
	replicas > 0
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": _path,
	"what": sprintf("%v in a new set: the pods below it stay as they are at the next update", [partition]),
	"fix": "leave it out unless a rollout is meant to stop there",
}) if {
	some entry in review.statefulsets
	entry.operation in {"MANIFEST", "CREATE"}
	defaults.update_strategy(entry.object) == "RollingUpdate"
	partition := defaults.partition(entry.object)
	partition > 0
	partition < defaults.replicas(entry.object)
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": _path,
	"what": sprintf("%v equals replicas: an update reaches no pod", [partition]),
}) if {
	some entry in review.statefulsets
	defaults.update_strategy(entry.object) == "RollingUpdate"
	partition := defaults.partition(entry.object)
	partition > 0
	partition == defaults.replicas(entry.object)
}

# With a lower partition the rollout would go on to pods that it has not reached.
_rollout(sts) := "revert the template or finish the rollout, then " if rollout.under_way(sts)

else := ""

_pauses(entry) if {
	is_object(entry.old)
	defaults.replicas(entry.object) == 0
	defaults.partition(entry.object) <= defaults.partition(entry.old)
	defaults.partition(entry.object) >= 0
}

_problem(partition, replicas) := sprintf("%v is negative", [partition]) if partition < 0

else := sprintf("%v is greater than replicas %v: no update would reach any pod", [partition, replicas]) if {
	# Negative replicas are refused for their own sake.
	replicas >= 0
	partition > replicas
}

# A step towards the range is not to be stopped for not being the last one.
default _worse(_) := true

_worse(entry) := false if {
	is_object(entry.old)
	_problem(defaults.partition(entry.old), defaults.replicas(entry.old))
	defaults.partition(entry.object) <= defaults.partition(entry.old)
	defaults.replicas(entry.object) >= defaults.replicas(entry.old)
}
