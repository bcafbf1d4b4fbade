# METADATA
# title: Start a new image on one pod automatically
# description: |
#   If a StatefulSet has the label `stateward.dev/canary: auto`, a request with a new image and without a partition
#   gets the partition `replicas - 1`: the last pod runs the new image, and the others follow when you lower the
#   partition, which this mutation does not touch until the next image. It keeps a partition that the request sets,
#   and does not slow down a change back to the images of the current revision.
# related_resources:
#   - ref: https://kubernetes.io/docs/tutorials/stateful-application/basic-stateful-set/#staging-an-update
# custom:
#   on:
#     statefulsets: [UPDATE]
#   reads: [pods]
#   fix: lower the partition once that pod works
#   since: v0.1.0
package stateward.mutations["auto-canary"]

import data.stateward.lib.defaults
import data.stateward.lib.marks
import data.stateward.lib.result
import data.stateward.lib.rollout

report contains result.mutation(rego.metadata.chain(), entry, {
	"path": ["spec", "updateStrategy", "rollingUpdate", "partition"],
	"what": sprintf("Stateward sets %v: the new image goes to %s-%d only", [partition, entry.name, ordinal]),
	"patch": [{"op": "add", "path": "/spec/updateStrategy", "value": _with(entry.object, partition)}],
}) if {
	some entry in rollout.image_changes
	marks.begins_with_canary(entry.object)
	defaults.partition(entry.object) == 0
	partition := defaults.replicas(entry.object) - 1
	partition > 0
	ordinal := defaults.ordinals_start(entry.object) + partition
}

# A request past the API server's defaults may lack all of it.
_with(sts, partition) := object.union(_strategy(sts), {
	"type": "RollingUpdate",
	"rollingUpdate": {"partition": partition},
})

_strategy(sts) := given if {
	given := object.get(sts, ["spec", "updateStrategy"], null)
	is_object(given)
} else := {}
