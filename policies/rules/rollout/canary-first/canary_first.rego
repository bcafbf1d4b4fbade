# METADATA
# title: A new image starts on one pod
# description: |
#   A RollingUpdate without a partition continues from pod to pod while each becomes Ready, and checks nothing else.
#   An image that corrupts its data, or loses its peers an hour later, has reached every pod by then. With a partition
#   of `replicas - 1` only the last pod runs the new image; the others follow when you lower the partition. If the
#   StatefulSet has the label `stateward.dev/canary: required` before or after the request, everything else is denied.
#   An image that changed while nothing could roll out (OnDelete, or a partition of `replicas`) is checked when the
#   rollout is opened. With Recreate no partition holds a pod back. Going back to the images of
#   the current revision needs no canary: its pods run them.
# related_resources:
#   - ref: https://kubernetes.io/docs/tutorials/stateful-application/basic-stateful-set/#staging-an-update
# custom:
#   severity: warn
#   profile:
#     strict: deny
#   confirm: true
#   on:
#     statefulsets: [UPDATE]
#   changes:
#     statefulsets: [spec.replicas, spec.template.spec, spec.updateStrategy]
#   reads: [pods]
#   params:
#     maxCanaryPods:
#       type: integer
#       default: 1
#       description: Pods that may run a new image before the partition is lowered, at least 1
#   fix: set the partition to replicas - 1 with the image, and lower it once that pod works
#   since: v0.1.0
package stateward.rules.rollout["canary-first"]

import data.stateward.lib.config
import data.stateward.lib.defaults
import data.stateward.lib.metadata
import data.stateward.lib.result
import data.stateward.lib.rollout

report contains result.violation(rego.metadata.chain(), entry, object.union(_strictness(entry), {
	"path": ["spec", "updateStrategy", "rollingUpdate", "partition"],
	"what": sprintf("%v rolls the new image out to %v of %v pods, not to %v first", [
		partition,
		reached,
		pods,
		most,
	]),
	"fix": sprintf("set the partition to %v with the image, and lower it once %s-%d works", [
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

report contains result.violation(rego.metadata.chain(), entry, object.union(_strictness(entry), {
	"path": ["spec", "updateStrategy", "type"],
	"what": sprintf("Recreate brings the new image to all %v pods at once, not to %v first", [pods, most]),
	"fix": sprintf("use RollingUpdate with the partition %v, and lower it once %s-%d works", [
		pods - most,
		entry.name,
		(defaults.ordinals_start(entry.object) + pods) - 1,
	]),
	"touched": true,
})) if {
	most := max([1, config.param(rego.metadata.chain(), "maxCanaryPods")])
	some entry in rollout.recreations
	pods := _pods(entry)
	pods > most
}

# Those that stay: a pod that the same request adds or stops has no old image to lose.
_pods(entry) := min([defaults.replicas(entry.old), defaults.replicas(entry.object)])

_strictness(entry) := {"severity": "deny"} if {
	some sts in [entry.old, entry.object]
	metadata.protects(sts, metadata.canary)
} else := {}
