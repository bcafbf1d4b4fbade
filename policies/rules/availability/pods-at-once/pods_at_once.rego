# METADATA
# title: A majority of voting members stays up
# description: |
#   Systems that vote (etcd, ZooKeeper, Consul and others, found by their images or by the label
#   `stateward.dev/quorum: "true"`) stop as soon as half of their members are away. A PodDisruptionBudget counts
#   evictions only: `kubectl delete pod -l app=etcd` deletes all members, whatever it says. This rule judges the
#   deletion and the eviction of each pod against the members that are Ready at that moment. It judges sets of at least
#   three replicas; a member that is not Ready may go, since it has no vote. Kubernetes' own controllers, kubelets and
#   the scheduler are never asked. `NoExecute` taints are carried out by Kubernetes' taint manager, which is a
#   controller and is left out; `node-delete` is the opt-in rule for nodes. Two requests at the very same time may both
#   pass. The rule is off until Guardrails set its action, and an API server asks about such requests only where its
#   component, or `stateward rules registration --rule pods-at-once`, is applied.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/pods/disruptions/
#   - ref: https://etcd.io/docs/v3.6/faq/#what-is-failure-tolerance
# custom:
#   severity: "off"
#   optIn: true
#   confirm: true
#   on:
#     pods: [DELETE]
#     pods/eviction: [CREATE]
#   when:
#     pods: members
#     pods/eviction: members
#   reads: [pods, statefulsets]
#   params:
#     quorums:
#       type: array
#       default: []
#       description: More images whose pods vote, by the last part of their name
#   fix: wait until another member is Ready
#   since: v0.1.0
package stateward.rules.availability["pods-at-once"]

import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.defaults
import data.stateward.lib.identity
import data.stateward.lib.listing
import data.stateward.lib.metadata
import data.stateward.lib.owned
import data.stateward.lib.pods
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.selector
import data.stateward.lib.voters

report contains result.violation(rego.metadata.chain(), removal.entry, {
	"path": ["metadata", "name"],
	"what": sprintf("without %q, StatefulSet %q has %s; not Ready: %s", [
		removal.entry.name,
		removal.sts.metadata.name,
		sprintf("%v of %v members Ready, fewer than the majority of %v", [count(ready), members, voters.majority(members)]),
		listing.short(sort((names - ready) - {removal.entry.name})),
	]),
}) if {
	some removal in _removals
	members := defaults.replicas(removal.sts)

	# Fewer tolerate the loss of none, so that no pod could ever be replaced.
	members > 2
	names := _names(removal.sts, members)
	removal.entry.name in names
	_counts(removal.pod)
	_votes(removal.sts, config.param(rego.metadata.chain(), "quorums"))
	ready := {pod.metadata.name |
		some pod in cluster.labelled("pods", removal.entry.namespace, selector.wanted(selector.own(removal.sts)))
		pod.metadata.name in names
		pod.metadata.name != removal.entry.name
		_counts(pod)
	}
	count(ready) < voters.majority(members)
}

_removals := [removal |
	some entry in array.concat(review.deletions("Pod"), review.evictions)
	not _is_kubernetes(entry.user)
	pod := _pod(entry)
	some owner in pod.metadata.ownerReferences
	owner.kind == "StatefulSet"
	owned.group_of(owner.apiVersion) == "apps"
	sts := cluster.statefulset(entry.namespace, owner.name)
	sts.metadata.uid == owner.uid

	# Pods of a set that is deleted go one way or the other.
	not sts.metadata.deletionTimestamp
	removal := {"entry": entry, "pod": pod, "sts": sts}
]

_is_kubernetes(user) if identity.is_controller(user)

_is_kubernetes(user) if identity.class(user) == "node"

_pod(entry) := entry.old if {
	entry.kind == "Pod"
} else := cluster.pod(entry.namespace, entry.name)

_names(sts, members) := {name |
	start := defaults.ordinals_start(sts)
	some ordinal in numbers.range(start, (start + members) - 1)
	name := sprintf("%s-%d", [sts.metadata.name, ordinal])
}

_votes(sts, _) if metadata.protects(sts, metadata.quorum)

_votes(sts, more) if voters.system(sts, more)

_counts(pod) if {
	not pod.metadata.deletionTimestamp
	not pods.has_ended(pod)
	some condition in pod.status.conditions
	condition.type == "Ready"
	condition.status == "True"
}
