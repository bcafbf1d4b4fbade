# METADATA
# title: A node that runs stateful pods is drained first
# description: |
#   Deleting a Node object switches no machine off. 40 seconds later the pod garbage collector deletes the node's pods
#   without a grace period, and their StatefulSets start them elsewhere, while the machine may still run them: two pods
#   with one identity. A volume that only this node can reach, such as a local disk, is out of reach until a node of
#   this name is back. The rule denies it where the node is Ready and runs pods of StatefulSets with claims. Where it is
#   not Ready, deleting it is a way to recover, provided that its machine is switched off: that is a warning, unless the
#   node is tainted `node.kubernetes.io/out-of-service`. Kubernetes' own controllers, kubelets, the programs of a cloud
#   and service accounts, such as an autoscaler's, are never asked. The rule is off until Guardrails set its action, and
#   an API server asks about such requests only where its component, or `stateward rules registration --rule
#   node-delete`, is applied.
# related_resources:
#   - ref: https://kubernetes.io/docs/tasks/run-application/force-delete-stateful-set-pod/
#   - ref: https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/
#   - ref: https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#non-graceful-node-shutdown
# custom:
#   severity: "off"
#   optIn: true
#   confirm: true
#   dataLoss: true
#   on:
#     nodes: [DELETE]
#   when:
#     nodes: nodes
#   reads: [persistentvolumeclaims, persistentvolumes, pods]
#   params:
#     managers:
#       type: array
#       default:
#         - aksService
#         - eks:*
#         - system:cloud-controller-manager
#         - system:cluster-autoscaler
#         - system:gcp-controller-manager
#       description: Users beside service accounts that remove nodes of a cloud; `*` matches any characters
#   fix: drain the node first
#   since: v0.1.0
package stateward.rules.delete["node-delete"]

import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.listing
import data.stateward.lib.node
import data.stateward.lib.pods
import data.stateward.lib.reached
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.scope
import data.stateward.lib.volume

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("node %q is Ready and runs %s: Kubernetes starts %s elsewhere while its machine may still run %s%s", [
		entry.name,
		listing.short(running),
		_them(running),
		_them(running),
		_only_here(_disks(entry)),
	]),
	"fix": sprintf("run `kubectl drain %s --ignore-daemonsets --delete-emptydir-data`, then delete it", [entry.name]),
	"scoped": true,
}) if {
	some entry in _deletions
	node.is_ready(entry.old)
	running := _running(entry)
	count(running) > 0
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("node %q is not Ready, but its machine may still run %s, which Kubernetes starts elsewhere%s", [
		entry.name,
		listing.short(running),
		_only_here(_disks(entry)),
	]),
	"fix": "make sure that the machine is switched off",
	"scoped": true,
}) if {
	some entry in _deletions
	not node.is_ready(entry.old)
	not node.is_out_of_service(entry.old)
	running := _running(entry)
	count(running) > 0
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("only pods on node %q can use %s", [entry.name, listing.short(disks)]),
	"fix": "move the data first, or keep a node of this name",
	"scoped": true,
}) if {
	some entry in _deletions
	count(_running(entry)) == 0
	disks := _disks(entry)
	count(disks) > 0
}

_deletions := [entry |
	some entry in review.deletions("Node")
	scope.class(entry.user) in {"person", "unknown"}
	not _is_manager(entry.user)
]

_is_manager(user) if {
	some pattern in config.param(rego.metadata.chain(), "managers")
	glob.match(pattern, null, user.username)
}

# The pods of StatefulSets with data, as people say them.
_running(entry) := sort([_called(pod) |
	some pod in cluster.naming("pods", sprintf("Node/%s", [entry.name]))
	pod.spec.nodeName == entry.name
	pods.is_of_a_set(pod)
	_has_claim(pod)
	not pods.has_ended(pod)
	reached.guarded(rego.metadata.chain(), entry, pod)
])

_has_claim(pod) if {
	some volume in pod.spec.volumes
	volume.persistentVolumeClaim
}

# The volumes that only this node can reach, each with its claim.
_disks(entry) := sort({sprintf("volume %s of claim %s", [disk.metadata.name, _called(claim)]) |
	some name in node.names(entry.old)
	some disk in cluster.naming("persistentvolumes", sprintf("Node/%s", [name]))
	node.alone_reaches(entry.old, disk)
	claim := cluster.claim(disk.spec.claimRef.namespace, volume.bound_claim(disk))
	reached.guarded(rego.metadata.chain(), entry, claim)
})

_called(thing) := sprintf("%s/%s", [object.get(thing, ["metadata", "namespace"], "default"), thing.metadata.name])

_only_here([]) := ""

_only_here(disks) := sprintf("; no other node can reach %s", [listing.short(disks)]) if count(disks) > 0

_them(running) := "it" if count(running) == 1

_them(running) := "them" if count(running) > 1
