# METADATA
# title: Pods get time to stop
# description: |
#   With `terminationGracePeriodSeconds: 0` every deletion of a pod, each rollout and each drain among them, is a force
#   delete: the pod leaves the API before its container has stopped, and the StatefulSet may start the next pod of
#   the same name while the first still writes to its disk. A database that gets much less time than before may be
#   killed while it flushes.
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

_seconds(sts) := 30 if {
	object.get(sts, _path, null) == null
} else := sts.spec.template.spec.terminationGracePeriodSeconds
