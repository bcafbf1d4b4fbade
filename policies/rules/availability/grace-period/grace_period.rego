# METADATA
# title: Pods get time to stop
# description: |
#   With `terminationGracePeriodSeconds: 0` every deletion of a pod, each rollout and each drain among them, is a force
#   delete: the pod leaves the API before its container has stopped, and the StatefulSet may start the next pod of
#   the same name while the first still writes to its disk. A database that gets much less time than before may be
#   killed while it flushes, and one whose `lifecycle.stopSignal` is SIGKILL is killed each time.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#deployment-and-scaling-guarantees
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: give the container the seconds that it needs to stop
#   since: v0.1.0
#   cel:
#     variables:
#       - {name: seconds, expression: "object.spec.template.spec.?terminationGracePeriodSeconds.orValue(30)"}
#       - {name: before, expression: "oldObject.?spec.?template.?spec.?terminationGracePeriodSeconds.orValue(30)"}
#     validations:
#       - path: spec.template.spec.terminationGracePeriodSeconds
#         expression: variables.seconds != 0 || (oldObject != null && variables.before == 0)
#         what: "'0 makes every deletion of a pod a force delete: two pods with one identity may run'"
package stateward.rules.availability["grace-period"]

import data.stateward.lib.image
import data.stateward.lib.result
import data.stateward.lib.review

_path := ["spec", "template", "spec", "terminationGracePeriodSeconds"]

report contains result.violation(rego.metadata.chain(), entry, {
	"path": _path,
	"what": "0 makes every deletion of a pod a force delete: two pods with one identity may run",
}) if {
	some entry in review.statefulsets
	_seconds(entry.object) == 0
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": _path,
	"what": sprintf("from %v to %v seconds: a container that needs more is killed", [before, seconds]),
	"fix": "make sure that the container stops within that time",
}) if {
	some entry in review.statefulsets
	entry.operation == "UPDATE"
	seconds := _seconds(entry.object)
	seconds > 0
	before := _seconds(entry.old)
	seconds * 2 < before
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": array.concat(item.path, ["lifecycle", "stopSignal"]),
	"what": "SIGKILL ends the container at once: it gets no time to write out its data",
	"fix": "leave it out, or name a signal on which the container stops",
}) if {
	some entry in review.statefulsets
	some item in image.containers(entry.object)
	item.container.lifecycle.stopSignal == "SIGKILL"
}

_seconds(sts) := 30 if {
	object.get(sts, _path, null) == null
} else := max([1, seconds]) if {
	# Kubernetes takes a negative number as 1.
	seconds := sts.spec.template.spec.terminationGracePeriodSeconds
	seconds != 0
} else := 0
