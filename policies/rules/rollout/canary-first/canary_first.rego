# METADATA
# title: A new image begins with one pod
# description: |
#   A RollingUpdate without a partition goes on from pod to pod as long as each gets Ready, and Ready is all it asks: an
#   image that starts and corrupts its data, or loses its peers an hour later, has every pod by then. Behind a partition
#   of `replicas - 1` the last pod runs the new image first, and the others follow when somebody lowers the partition.
#   Where the StatefulSet is labelled `stateward.dev/canary: required` before or after the request, anything else is
#   denied. An image that came while nothing could change, under OnDelete or behind a partition of `replicas`, counts
#   when the way is opened. A change back to the images of the current revision needs no canary: its pods run them.
# related_resources:
#   - ref: https://kubernetes.io/docs/tutorials/stateful-application/basic-stateful-set/#staging-an-update
# custom:
#   severity: warn
#   profile:
#     strict: deny
#   confirm: true
#   on:
#     statefulsets: [UPDATE]
#   reads: [pods]
#   params:
#     maxCanaryPods:
#       type: integer
#       default: 1
#       description: Pods that may get a new image before somebody lowers the partition, at least 1
#   fix: set the partition to replicas - 1 with the image, and lower it once that pod has proved itself
#   since: v0.1.0
package stateward.rules.rollout["canary-first"]

import data.stateward.lib.config
import data.stateward.lib.defaults
import data.stateward.lib.marks
import data.stateward.lib.result
import data.stateward.lib.rollout

report contains result.violation(rego.metadata.chain(), entry, object.union(_strictness(entry), {
	"path": ["spec", "updateStrategy", "rollingUpdate", "partition"],
	"what": sprintf("%v lets a new image into %v of %v pods, not into %v first", [partition, reached, pods, most]),
	"fix": sprintf("set partition %v with the image, and lower it once %s-%d has proved itself", [
		pods - most,
		entry.name,
		(defaults.ordinals_start(entry.object) + pods) - 1,
	]),
	"touched": true,
})) if {
	most := max([1, config.param(rego.metadata.chain(), "maxCanaryPods")])
	some entry in array.concat(rollout.image_changes, rollout.openings)
	partition := defaults.partition(entry.object)
	pods := _pods(entry)
	reached := pods - max([0, partition])
	reached > most
}

# Those that stay: a pod that the same request adds or stops has no old image to lose.
_pods(entry) := min([defaults.replicas(entry.old), defaults.replicas(entry.object)])

_strictness(entry) := {"severity": "deny"} if {
	some sts in [entry.old, entry.object]
	marks.protects(sts, marks.canary)
} else := {}
