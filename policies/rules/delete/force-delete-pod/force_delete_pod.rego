# METADATA
# title: Force-deleting a pod needs confirmation
# description: |
#   A deletion with grace period 0 (`kubectl delete pod --force`) removes the pod from the API at once, without waiting
#   for the kubelet. The StatefulSet then starts another pod with the same name elsewhere, while the first one may still
#   run behind a broken network: two pods with one identity, which may write to one disk. The same holds for a pod that
#   is terminating already, for one whose set was deleted without it, even if its labels are removed, for one that was
#   given another controller, and for an eviction with grace period 0, as `kubectl drain --grace-period=0` sends it. The
#   pod's kubelet and Kubernetes' own controllers may do it. So may anyone where the node is tainted
#   `node.kubernetes.io/out-of-service` and not Ready; where the node object is gone, its machine may still run, which
#   is a warning.
# related_resources:
#   - ref: https://kubernetes.io/docs/tasks/run-application/force-delete-stateful-set-pod/
#   - ref: https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#non-graceful-node-shutdown
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     pods: [DELETE]
#     pods/eviction: [CREATE]
#   when:
#     pods/eviction: grace
#   reads: [nodes, pods, statefulsets]
#   params:
#     kubelets:
#       type: array
#       default: []
#       description: Users that act as kubelets outside the group system:nodes, such as a virtual kubelet
#   fix: delete it with its grace period, or power its node off and taint it out-of-service
#   since: v0.1.0
package stateward.rules.delete["force-delete-pod"]

import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.identity
import data.stateward.lib.node
import data.stateward.lib.pods
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), deletion.entry, {
	"path": ["metadata", "name"],
	"what": sprintf("without a grace period, StatefulSet %q starts another %q while node %q may still run this one", [
		deletion.set,
		deletion.entry.name,
		deletion.node,
	]),
}) if {
	some deletion in _forced
	deletion.chosen
	not _out_of_service(deletion.node)
	not _gone(deletion.node)
}

report contains result.advice(rego.metadata.chain(), deletion.entry, {
	"path": ["metadata", "name"],
	"what": sprintf("node %q is gone from the API, but its machine may still run %q: two pods with one identity", [
		deletion.node,
		deletion.entry.name,
	]),
	"fix": "make sure that the machine is switched off",
}) if {
	some deletion in _forced
	_gone(deletion.node)
}

# A drain could never end where this was denied: the pod itself says so.
report contains result.advice(rego.metadata.chain(), deletion.entry, {
	"path": ["metadata", "name"],
	"what": sprintf("%q has terminationGracePeriodSeconds 0: two pods with one identity may run", [deletion.entry.name]),
	"fix": "give the template a grace period in which the container can stop",
}) if {
	some deletion in _forced
	not deletion.chosen
	not _gone(deletion.node)
}

_forced := array.concat(
	[object.union(pod, {"entry": entry, "chosen": true}) |
		some entry in review.deletions("Pod")
		_grace(entry) == 0
		not _knows_what_it_does(entry.user)
		pod := _of_a_set(entry.old)
	],
	[object.union(pod, {"entry": entry, "chosen": object.get(options, "gracePeriodSeconds", null) == 0}) |
		some entry in review.evictions
		options := _delete_options(entry)
		stored := cluster.pod(entry.namespace, entry.name)
		_grace({"options": options, "old": stored}) == 0
		not _knows_what_it_does(entry.user)
		pod := _of_a_set(stored)
	],
)

_delete_options(entry) := options if {
	options := object.get(entry.object, "deleteOptions", null)
	is_object(options)
} else := {}

# The set and the node of a pod that may still run.
_of_a_set(pod) := {"set": _set(pod), "node": node} if {
	# A pod that has ended is always deleted without grace, there being nothing to stop.
	not pods.has_ended(pod)
	node := object.get(pod, ["spec", "nodeName"], "")
	not node in {"", null}
}

# Whatever controls a pod of such a name, the StatefulSet starts another one once it is gone.
_set(pod) := set if {
	set := pods.set_of(pod)
} else := name if {
	pod.spec.hostname == pod.metadata.name
	regex.match(`-\d+$`, pod.metadata.name)
	name := regex.replace(pod.metadata.name, `-\d+$`, "")
	cluster.statefulset(pod.metadata.namespace, name)
}

# The API server fills it in; a recorded request may be older than that.
_grace(entry) := entry.options.gracePeriodSeconds if {
	is_number(entry.options.gracePeriodSeconds)
} else := object.get(entry.old, ["spec", "terminationGracePeriodSeconds"], 30)

_knows_what_it_does(user) if identity.is_controller(user)

_knows_what_it_does(user) if identity.class(user) == "node"

_knows_what_it_does(user) if user.username in config.param(rego.metadata.chain(), "kubelets")

_gone(name) if {
	cluster.knows("nodes")
	not cluster.node(name)
}

_out_of_service(name) if node.is_out_of_service(cluster.node(name))
