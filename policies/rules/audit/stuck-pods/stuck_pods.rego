# METADATA
# title: Pods become Ready
# description: |
#   A pod that does not become Ready stops a rollout, and with OrderedReady every repair of the pods after it. The rule
#   reports pods of a StatefulSet that are not Ready for longer than `minutes`, and pods that crash in a loop, with the
#   reason that the kubelet or the scheduler gives. It checks the first 100 replicas.
# custom:
#   severity: warn
#   on:
#     statefulsets: [AUDIT]
#   reads: [pods]
#   params:
#     minutes:
#       type: integer
#       default: 15
#       description: minutes after which a pod that is not Ready is reported
#   fix: "find the cause with kubectl describe pod and kubectl logs; after a correction of the template, delete the pod"
#   since: v0.1.0
package stateward.rules.audit["stuck-pods"]

import data.stateward.lib.age
import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.defaults
import data.stateward.lib.listing
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.rollout

_most := 100

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["status", "readyReplicas"],
	"what": sprintf("%s%s: not Ready for %s%s", [
		_waits(rolls),
		listing.short(names),
		age.text(longest),
		_because(reason),
	]),
}) if {
	some entry in review.audited({"StatefulSet"})
	stuck := _stuck(entry)
	some [rolls, reason] in {[each.rolls, each.reason] | some each in stuck}
	same := [each | some each in stuck; each.rolls == rolls; each.reason == reason]
	names := [each.name | some each in same]
	longest := max([each.seconds | some each in same])
}

_stuck(entry) := [{"name": name, "seconds": seconds, "reason": reason, "rolls": _rolls(entry.object, pod)} |
	start := defaults.ordinals_start(entry.object)
	defaults.replicas(entry.object) > 0
	some ordinal in numbers.range(start, (start + min([defaults.replicas(entry.object), _most])) - 1)
	name := sprintf("%s-%d", [entry.name, ordinal])
	pod := cluster.pod(entry.namespace, name)
	not rollout.ready_since(pod)
	not rollout.terminating(pod)
	reason := _reason(pod)
	seconds := age.seconds(entry, _unready_since(pod))
	_too_long(seconds, reason)
]

_too_long(seconds, _) if seconds >= config.param(rego.metadata.chain(), "minutes") * 60

# Such a pod may have been Ready for a moment.
_too_long(_, "CrashLoopBackOff")

# True for a pod of the new template while a rollout is under way.
default _rolls(_, _) := false

_rolls(sts, pod) if {
	rollout.under_way(sts)
	rollout.revision(pod) == sts.status.updateRevision
}

_unready_since(pod) := condition.lastTransitionTime if {
	some condition in pod.status.conditions
	condition.type == "Ready"
} else := pod.metadata.creationTimestamp

_reason(pod) := min(reasons) if {
	reasons := {state.waiting.reason |
		some field in ["initContainerStatuses", "containerStatuses"]
		some status in pod.status[field]
		state := status.state
		not state.waiting.reason in {"ContainerCreating", "PodInitializing"}
	}
	count(reasons) > 0
} else := condition.reason if {
	some condition in pod.status.conditions
	condition.type == "PodScheduled"
	condition.status == "False"
} else := ""

_waits(true) := "the rollout waits for "

_waits(false) := ""

_because("") := ""

_because(reason) := sprintf(", %s", [reason]) if reason != ""
