# METADATA
# title: A rollout goes on when its canaries are well
# description: |
#   Whoever lowers the partition lets an update into more pods. The pods that it has reached before must all run it, and
#   have been Ready for `minReadySeconds`; else the canary has told nothing yet, or has told that the update is bad. The
#   same holds where the request changes the template too, which no pod has run, and where the controller has not yet
#   seen the last change of the spec, a matter of moments. A change back to the current revision is never held up.
#   `maxStep` is off by default: a RollingUpdate waits for each pod by itself, so steps are for people who want to look
#   in between. At most 100 pods are looked at, those that the update reaches last.
# related_resources:
#   - ref: https://kubernetes.io/docs/tutorials/stateful-application/basic-stateful-set/#phased-roll-outs
# custom:
#   severity: deny
#   confirm: true
#   on:
#     statefulsets: [UPDATE]
#   reads: [pods]
#   params:
#     maxStep:
#       type: integer
#       default: 0
#       description: Pods that one request may add to those that an update reaches; 0 for any number
#   fix: wait until these pods are updated and Ready, or change the template back
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
	"what": sprintf("from %v to %v, but %s", [step.from, step.to, problem.what]),
	"fix": problem.fix,
}) if {
	some step in _steps
	step.from < step.pods
	problem := _problem(step)
}

report contains result.violation(rego.metadata.chain(), step.entry, {
	"path": _path,
	"what": sprintf("%v lets %v more pods change in one step, maxStep is %v", [step.to, step.from - step.to, most]),
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

_problem(step) := {
	"what": "no pod has run the template that changes with it",
	"fix": "leave the partition as it is, and lower it when the pods behind it are updated and Ready",
} if {
	rollout.changes(step.entry)
} else := {
	"what": "the controller has yet to see the change before",
	"fix": "try again in a moment",
} if {
	rollout.unseen(step.entry.old)
} else := {
	"what": _listed(faults),
	"fix": "wait until these pods are updated and Ready, or change the template back",
} if {
	# The last pod is updated first.
	faults := array.reverse([sprintf("%s %s", [each.name, _fault(step.entry, each.pod)]) |
		some each in rollout.pods(step.entry, step.from, step.pods)
	])
	count(faults) > 0
}

_fault(_, null) := "is missing" if cluster.knows("pods")

_fault(entry, pod) := _shortcoming(entry, pod) if pod != null

_shortcoming(entry, pod) := "is not updated" if {
	rollout.revision(pod) != entry.old.status.updateRevision
} else := "is being deleted" if {
	rollout.terminating(pod)
} else := "is not Ready" if {
	not rollout.ready_since(pod)
} else := sprintf("is not Ready for %v seconds yet", [seconds]) if {
	seconds := defaults.min_ready_seconds(entry.old)
	not _ready_for(pod, seconds, entry.time)
}

_ready_for(_, 0, _)

# Where nobody knows what time it is, Ready must do.
_ready_for(_, _, "")

_ready_for(pod, seconds, now) if {
	now != ""
	clock.nanoseconds(now) - clock.nanoseconds(rollout.ready_since(pod)) >= seconds * 1000000000
}

_listed(faults) := sprintf("%s, and %d more", [concat(", ", array.slice(faults, 0, 2)), count(faults) - 2]) if {
	count(faults) > 3
} else := concat(", ", faults)
