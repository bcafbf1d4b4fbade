# METADATA
# title: Force-deleting a pod needs confirmation
# description: |
#   A deletion with grace period 0 (`kubectl delete pod --force`) removes the pod from the API at once, without
#   waiting for the kubelet. The StatefulSet then starts another pod with the same name elsewhere, while the first one
#   may still run behind a broken network: two pods with one identity, which may write to one disk. The same is true
#   of a pod that is already terminating. The kubelet and Kubernetes' own controllers are always allowed. So is
#   everybody when the node is gone or has the taint `node.kubernetes.io/out-of-service`, because the pod cannot run
#   there.
# related_resources:
#   - ref: https://kubernetes.io/docs/tasks/run-application/force-delete-stateful-set-pod/
#   - ref: https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#non-graceful-node-shutdown
# custom:
#   severity: deny
#   confirm: true
#   on:
#     pods: [DELETE]
#   reads: [nodes]
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
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("without a grace period, StatefulSet %q starts another %q while node %q may still run this one", [
		set,
		entry.name,
		node,
	]),
}) if {
	some entry in review.deletions("Pod")
	_grace(entry) == 0
	not _knows_what_it_does(entry.user)
	not _over(entry.old)
	set := _owner(entry.old)
	node := object.get(entry.old, ["spec", "nodeName"], "")
	node != ""
	not _gone(node)
}

# The API server fills it in; a recorded request may be older than that.
_grace(entry) := entry.options.gracePeriodSeconds if {
	is_number(entry.options.gracePeriodSeconds)
} else := object.get(entry.old, ["spec", "terminationGracePeriodSeconds"], 30)

_owner(pod) := owner.name if {
	some owner in pod.metadata.ownerReferences
	owner.kind == "StatefulSet"
	startswith(owner.apiVersion, "apps/")
	owner.controller == true
}

_knows_what_it_does(user) if identity.is_controller(user)

_knows_what_it_does(user) if identity.class(user) == "node"

_knows_what_it_does(user) if user.username in config.param(rego.metadata.chain(), "kubelets")

# Such a pod is always deleted without grace, there being nothing to stop.
_over(pod) if pod.status.phase in {"Failed", "Succeeded"}

_gone(name) if {
	cluster.knows("nodes")
	not cluster.node(name)
}

_gone(name) if {
	some taint in cluster.node(name).spec.taints
	taint.key == "node.kubernetes.io/out-of-service"
}
