# METADATA
# title: Sets of one rollout group roll one after the other
# description: |
#   Two StatefulSets that hold the same data, such as the shards of a database or a primary and its replica in another
#   set, each keep their own budget and their own partition. Kubernetes rolls both at once, and then a pod of each is
#   away. With the label `stateward.dev/rollout-group: NAME`, in one namespace or by `spec.rolloutGroups` of the
#   Guardrails in several, an update that begins to replace pods of one set waits until no other set of the group is
#   rolling or has a pod that is not Ready. The others are read at the API server, as they are at that moment.
#
#   A set that is rolling or not Ready itself may always change, and so may one without pods. An earlier template that a
#   ControllerRevision of the set holds may always come back. An update that replaces no pod, by its partition or by
#   OnDelete, waits for nothing.
#
#   A release of several sets by a service account would fail at the second. So the mutation
#   [rollout-hold](../../../mutations/rollout-hold/) admits it with a partition that keeps it from every pod; the
#   parameter `mode` says for whom. An update that only lowers a partition is denied in each mode.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#rolling-updates
# custom:
#   severity: deny
#   confirm: true
#   on:
#     statefulsets: [UPDATE]
#   changes:
#     statefulsets: [spec.template, spec.updateStrategy]
#   reads: [statefulsets, pods, controllerrevisions]
#   params:
#     mode:
#       type: string
#       enum: [by-actor, deny, hold]
#       default: by-actor
#       description: What becomes of a template that has to wait; by-actor means hold for service accounts
#   fix: wait for that set, or set the partition to replicas and lower it then
#   since: v0.1.0
package stateward.rules.rollout["rollout-group"]

import data.stateward.lib.config
import data.stateward.lib.defaults
import data.stateward.lib.group
import data.stateward.lib.listing
import data.stateward.lib.result
import data.stateward.lib.rolling
import data.stateward.lib.rollout
import data.stateward.lib.scope

report contains result.violation(rego.metadata.chain(), entry, {
	"path": _path(entry),
	"what": sprintf("%s while %s", [_change(entry), waited_for(entry, member)]),
	"fix": sprintf("wait for that set, or set the partition to %v with this change and lower it then", [
		defaults.replicas(entry.object),
	]),
	"others": [{"kind": "StatefulSet", "namespace": member.sts.metadata.namespace, "name": member.sts.metadata.name}],
	"touched": true,
}) if {
	some entry in group.starts
	some member in group.busy(entry)
}

# METADATA
# title: Holds
# description: |
#   True for a request with a new template that the rule would deny, and whose template waits behind a partition
#   instead.
holds(entry) if {
	group.is_grouped(entry)
	rollout.changes(entry)
	_is_held(config.param(rego.metadata.chain(), "mode"), entry.user)
	some finding in report
	config.level(finding) == "deny"
	[finding.object.namespace, finding.object.name] == [entry.namespace, entry.name]
}

# METADATA
# title: Waited for
# description: Which set a request waits for, and why, as a clause after "while".
waited_for(entry, member) := sprintf("StatefulSet %s of rollout group %q %s", [
	_called(entry, member.sts.metadata),
	member.group,
	_state(member.sts),
])

_is_held("hold", _)

_is_held("by-actor", user) if scope.acts_as("automation", user)

_path(entry) := ["spec", "template"] if {
	rollout.changes(entry)
} else := ["spec", "updateStrategy", "rollingUpdate", "partition"]

_change(entry) := "changes" if {
	rollout.changes(entry)
} else := "lets the update reach more pods"

_called(entry, metadata) := sprintf("%q", [metadata.name]) if {
	metadata.namespace == entry.namespace
} else := sprintf("%q in namespace %q", [metadata.name, metadata.namespace])

_state(sts) := "is about to roll: its controller has not seen its last change" if {
	rolling.is_rolling(sts)
	rollout.unseen(sts)
} else := sprintf("is rolling: %v of %v pods updated%s", [
	object.get(sts, ["status", "updatedReplicas"], 0),
	defaults.replicas(sts),
	_reason(sts),
]) if {
	rolling.is_rolling(sts)
} else := sprintf("has %v of %v pods Ready%s", [
	object.get(sts, ["status", "readyReplicas"], 0),
	defaults.replicas(sts),
	_reason(sts),
])

_reason(sts) := sprintf(", waiting for %s", [listing.short(names)]) if {
	names := rolling.waited(sts)
	count(names) > 0
} else := sprintf(", its partition is %v", [partition]) if {
	partition := defaults.partition(sts)
	partition > 0
} else := ""
