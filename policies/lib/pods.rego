# METADATA
# title: Pods
# description: How far a pod is in its life, and which StatefulSet it is of.
package stateward.lib.pods

# METADATA
# title: Has ended
# description: True for a pod whose containers have all stopped for good.
has_ended(pod) if pod.status.phase in {"Failed", "Succeeded"}

# METADATA
# title: Is of a set
# description: True for a pod that a StatefulSet made, whether it still has its labels and its owner or not.
# scope: document
is_of_a_set(pod) if pod.metadata.labels["statefulset.kubernetes.io/pod-name"]

is_of_a_set(pod) if set_of(pod)

# METADATA
# title: Set of
# description: |
#   The name of the StatefulSet that owns a pod, or that was deleted without it: the next one of that name adopts the
#   pod. Undefined for other pods. Anyone may remove a label, but the hostname, which the controller
#   makes the pod's name, is immutable. Source: initIdentity in pkg/controller/statefulset/stateful_set_utils.go.
# scope: document
set_of(pod) := owner.name if {
	some owner in pod.metadata.ownerReferences
	owner.kind == "StatefulSet"
	startswith(owner.apiVersion, "apps/")
	owner.controller == true
} else := regex.replace(pod.metadata.name, `-\d+$`, "") if {
	not is_controlled(pod)
	regex.match(`-\d+$`, pod.metadata.name)
	_is_named(pod)
}

_is_named(pod) if pod.spec.hostname == pod.metadata.name

_is_named(pod) if pod.metadata.labels["statefulset.kubernetes.io/pod-name"] == pod.metadata.name

# METADATA
# title: Is controlled
# description: True for a pod that a controller of any kind owns.
is_controlled(pod) if {
	some owner in pod.metadata.ownerReferences
	owner.controller == true
}
