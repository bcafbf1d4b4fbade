# METADATA
# title: A rollout continues only past healthy canaries
# description: |
#   Lowering the partition rolls an update out to more pods. The pods that it has already reached must all run it and
#   have been Ready for `minReadySeconds`; otherwise the canary has proved nothing yet, or has proved that the update
#   is bad. The same applies if the request also changes the template, which no pod has run, and for the moment until
#   the controller has seen the last change of the spec. A pod that runs the update although the partition, or OnDelete,
#   keeps it from all pods is a canary too. Going back to the current revision is always allowed.
#   `maxStep` is off by default: a RollingUpdate waits for each pod anyway, so steps are for people who want to check
#   in between. The rule checks at most 100 pods, those that the update reaches last.
# related_resources:
#   - ref: https://kubernetes.io/docs/tutorials/stateful-application/basic-stateful-set/#phased-roll-outs
# custom:
#   severity: deny
#   confirm: true
#   on:
#     statefulsets: [UPDATE]
#   changes:
#     statefulsets: [spec.replicas, spec.updateStrategy]
#   reads: [pods]
#   params:
#     maxStep:
#       type: integer
#       default: 0
#       description: Most pods that one request may add to a rollout; 0 means no limit
#   fix: wait until these pods are updated and Ready, or revert the template
#   since: v0.1.0
package stateward.rules.rollout["canary-progress"]

import data.stateward.lib.clock
import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.rollout

_path := ["spec", "updateStrategy", "rollingUpdate", "partition"]

report contains result.violation(rego.metadata.chain(), step.entry, {
	"path": _path,
	"what": sprintf("from %v to %v, but %s", [_before(step), step.to, problem.what]),
	"fix": problem.fix,
}) if {
	some step in _steps
	problem := _problem(step)
}

report contains result.violation(rego.metadata.chain(), step.entry, {
	"path": _path,
	"what": sprintf("%v updates %v more pods in one step, maxStep is %v", [step.to, step.from - step.to, most]),
	"fix": sprintf("lower it to %v first", [step.from - most]),
	"touched": true,
}) if {
	most := config.param(rego.metadata.chain(), "maxStep")
	most > 0
	some step in _steps
	step.from - step.to > most
}

# Requests that let an update into more pods, from the first replica index that it may have reached before.
_steps := [step |
	some entry in review.statefulsets
	entry.operation == "UPDATE"
	is_object(entry.old)
	defaults.update_strategy(entry.object) == "RollingUpdate"
	step := {
		"entry": entry,
		"from": rollout.reaches(entry.old),
		"to": defaults.partition(entry.object),
		"pods": min([defaults.replicas(entry.old), defaults.replicas(entry.object)]),
	}
	step.to < step.from
	_updates(entry)
	rollout.decidable(entry)
	not rollout.back(entry)
]

_updates(entry) if rollout.changes(entry)

_updates(entry) if rollout.under_way(entry.old)

_updates(entry) if rollout.unseen(entry.old)

_before(step) := "OnDelete" if {
	defaults.update_strategy(step.entry.old) == "OnDelete"
} else := step.from

_problem(step) := {
	"what": "no pod has run the template of this request",
	"fix": "keep the partition, and lower it when the pods above it are updated and Ready",
} if {
	rollout.changes(step.entry)
	step.from < step.pods
} else := {
	"what": "the controller has not seen the previous change yet",
	"fix": "try again in a moment",
} if {
	rollout.unseen(step.entry.old)
	step.from < step.pods
} else := {
	"what": _listed(faults),
	"fix": "wait until these pods are updated and Ready, or revert the template",
} if {
	not rollout.changes(step.entry)
	not rollout.unseen(step.entry.old)

	# The last pod is updated first.
	faults := array.reverse([sprintf("%s %s", [each.name, _fault(step.entry, each.pod)]) |
		some each in array.concat(_tried(step), rollout.pods(step.entry, step.from, step.pods))
	])
	count(faults) > 0
}

# The update came to them before the partition was raised, or when they were deleted.
_tried(step) := [each |
	some each in rollout.pods(step.entry, max([0, step.to]), min([step.from, step.pods]))
	each.pod != null
	rollout.revision(each.pod) == step.entry.old.status.updateRevision
]

_fault(_, null) := "is missing" if cluster.knows("pods")

_fault(entry, pod) := _shortcoming(entry, pod) if pod != null

_shortcoming(entry, pod) := "is not updated" if {
	rollout.revision(pod) != entry.old.status.updateRevision
} else := "is being deleted" if {
	rollout.terminating(pod)
} else := "is not Ready" if {
	not rollout.ready_since(pod)
} else := sprintf("has not been Ready for %v seconds", [seconds]) if {
	seconds := defaults.min_ready_seconds(entry.old)
	not _ready_for(pod, seconds, entry.time)
}

_ready_for(_, 0, _)

# Without the time, Ready is enough.
_ready_for(_, _, "")

_ready_for(pod, seconds, now) if {
	now != ""
	clock.nanoseconds(now) - clock.nanoseconds(rollout.ready_since(pod)) >= seconds * 1000000000
}

_listed(faults) := sprintf("%s, and %d more", [concat(", ", array.slice(faults, 0, 2)), count(faults) - 2]) if {
	count(faults) > 3
} else := concat(", ", faults)
