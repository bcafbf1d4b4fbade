# METADATA
# title: Holds
# description: |
#   How Stateward keeps a partition: the annotation `stateward.dev/canary-hold` with the partition and the images of the
#   StatefulSet as Stateward left them, and the JSON Patch operations that write both. Images identify the rollout: its
#   revision has no name before the controller has seen the template, and defaults that a newer API server adds to the
#   template must not end a hold.
package stateward.lib.hold

import data.stateward.lib.image
import data.stateward.lib.metadata

# METADATA
# title: Text
# description: The annotation that holds a partition of this set.
text(sts, partition) := sprintf("%d/%s", [partition, concat(",", [sprintf("%v=%v", [name, reference]) |
	some item in image.containers(sts)
	name := object.get(item.container, "name", "")
	reference := object.get(item.container, "image", "")
])])

# METADATA
# title: Patch
# description: What sets the partition and the annotation, "" for none.
patch(sts, partition, annotation) := array.concat(_moved(sts, partition), recorded(sts, annotation))

# METADATA
# title: Recorded
# description: What sets the annotation, "" for none; empty where it is so already.
# scope: document
recorded(sts, annotation) := [] if {
	annotation == metadata.annotation(sts, metadata.canary_hold)
} else := [{"op": "remove", "path": _pointer(metadata.canary_hold)}] if {
	annotation == ""
} else := [{"op": "add", "path": _pointer(metadata.canary_hold), "value": annotation}] if {
	is_object(sts.metadata.annotations)
} else := [{"op": "add", "path": "/metadata/annotations", "value": _alone(metadata.canary_hold, annotation)}]

# A request past the API server's defaults may lack all of the strategy.
_moved(sts, partition) := [{"op": "add", "path": "/spec/updateStrategy", "value": object.union(_strategy(sts), {
	"type": "RollingUpdate",
	"rollingUpdate": {"partition": partition},
})}]

_strategy(sts) := given if {
	given := object.get(sts, ["spec", "updateStrategy"], null)
	is_object(given)
} else := {}

_alone(mark, value) := {mark: value}

_pointer(mark) := sprintf("/metadata/annotations/%s", [replace(mark, "/", "~1")])
