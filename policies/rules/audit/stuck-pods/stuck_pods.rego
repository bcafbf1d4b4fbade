# METADATA
# title: Pods become Ready
# description: |
#   A pod that does not become Ready stops a rollout, and with OrderedReady every repair of the pods after it. The rule
#   reports pods of a StatefulSet that are not Ready for longer than `minutes`, and pods that crash in a loop, with the
#   reason that the kubelet or the scheduler gives. It also reports pods that are still there `minutes` after the grace
#   period of their deletion, as on a node that is away. It checks the first 100 replicas.
# custom:
#   severity: warn
#   on:
#     statefulsets: [AUDIT]
#   reads: [pods]
#   params:
#     minutes:
#       type: integer
#       default: 15
#       description: minutes after which a pod that is not Ready, or does not end, is reported
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

report contains result.violation(rego.metadata.chain(), entry, object.union(way, {
	"path": ["status", "readyReplicas"],
	"what": sprintf("%s%s: %s%s", [
		_waits(rolls),
		listing.short(names),
		_state(terminates, age.text(longest)),
		_because(reason),
	]),
})) if {
	some entry in review.audited({"StatefulSet"})
	stuck := _stuck(entry)
	some [rolls, reason, terminates] in {[each.rolls, each.reason, each.terminates] | some each in stuck}
	same := [each |
		some each in stuck
		each.rolls == rolls
		each.reason == reason
		each.terminates == terminates
	]
	names := [each.name | some each in same]
	longest := max([each.seconds | some each in same])
	way := _ways[terminates]
}

_state(false, duration) := sprintf("not Ready for %s", [duration])

_state(true, duration) := sprintf("should have ended %s ago", [duration])

_ways := {
	false: {},
	true: {"fix": concat(" ", [
		"let its node or the finalizer that holds it finish;",
		"if the node is gone for good, delete the Node, and the pod ends",
	])},
}

_stuck(entry) := [object.union(why, {"name": name}) |
	start := defaults.ordinals_start(entry.object)
	defaults.replicas(entry.object) > 0
	some ordinal in numbers.range(start, (start + min([defaults.replicas(entry.object), _most])) - 1)
	name := sprintf("%s-%d", [entry.name, ordinal])
	why := _why(entry, cluster.pod(entry.namespace, name))
]

_why(entry, pod) := {"seconds": seconds, "reason": reason, "rolls": _rolls(entry.object, pod), "terminates": false} if {
	not rollout.terminating(pod)
	not rollout.ready_since(pod)
	reason := _reason(pod)
	seconds := age.seconds(entry, _unready_since(pod))
	_too_long(seconds, reason)
}

# The API server writes into deletionTimestamp when the grace period ends. The set waits for a pod that is there, and
# makes no other one of its name.
_why(entry, pod) := {"seconds": seconds, "reason": "", "rolls": _is_rolling(entry.object), "terminates": true} if {
	rollout.terminating(pod)
	seconds := age.seconds(entry, pod.metadata.deletionTimestamp)
	_too_long(seconds, "")
}

default _is_rolling(_) := false

_is_rolling(sts) if rollout.under_way(sts)

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
	is_string(condition.lastTransitionTime)
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
