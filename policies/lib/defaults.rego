# METADATA
# title: Defaults
# description: |
#   What the API server fills in, in one place: a manifest has no defaults yet, an admitted object has them all,
#   and a rule must not see the difference. Source: pkg/apis/apps/v1/defaults.go.
package stateward.lib.defaults

# METADATA
# title: Replicas
# description: Pods that a StatefulSet wants; 1 where it does not say.
# scope: document
replicas(sts) := _number(sts, ["spec", "replicas"], 1)

# METADATA
# title: Replicas of a Scale
# description: Pods that an autoscaling/v1 Scale wants; its replicas are no pointer, so absent means 0.
# scope: document
scale_replicas(scale) := _number(scale, ["spec", "replicas"], 0)

# METADATA
# title: Ordinals start
# description: The ordinal of a StatefulSet's first pod.
# scope: document
ordinals_start(sts) := _number(sts, ["spec", "ordinals", "start"], 0)

# METADATA
# title: Update strategy
# description: How a StatefulSet replaces its pods.
# scope: document
update_strategy(sts) := _text(sts, ["spec", "updateStrategy", "type"], "RollingUpdate")

# METADATA
# title: Partition
# description: The replica index below which a RollingUpdate leaves pods alone.
# scope: document
partition(sts) := _number(sts, ["spec", "updateStrategy", "rollingUpdate", "partition"], 0)

# METADATA
# title: Minimum ready seconds
# description: How long a new pod must have been ready before a rollout goes on.
# scope: document
min_ready_seconds(sts) := _number(sts, ["spec", "minReadySeconds"], 0)

# METADATA
# title: When deleted
# description: What happens to the claims when the StatefulSet is deleted (KEP-1847).
# scope: document
when_deleted(sts) := _text(sts, ["spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"], "Retain")

# METADATA
# title: When scaled
# description: What happens to the claims of the pods that a smaller range of ordinals leaves out (KEP-1847).
# scope: document
when_scaled(sts) := _text(sts, ["spec", "persistentVolumeClaimRetentionPolicy", "whenScaled"], "Retain")

# METADATA
# title: Pod management policy
# description: Whether a StatefulSet starts and stops its pods one by one (OrderedReady) or all at once (Parallel).
# scope: document
pod_management(sts) := _text(sts, ["spec", "podManagementPolicy"], "OrderedReady")

# METADATA
# title: Volume mode
# description: What a claim gives its pod, a file system or a block device.
# scope: document
volume_mode(claim) := _text(claim, ["spec", "volumeMode"], "Filesystem")

# METADATA
# title: Volume binding mode
# description: Whether a class gives a claim its volume at once (Immediate) or when a pod needs it.
# scope: document
binding_mode(class) := _text(class, ["volumeBindingMode"], "Immediate")

# to_number stops the evaluation on what is no number: a wrong type must not compare as small or large.
_number(value, path, fallback) := fallback if {
	object.get(value, path, null) == null
} else := to_number(object.get(value, path, null))

_text(value, path, fallback) := fallback if {
	object.get(value, path, null) in {null, ""}
} else := object.get(value, path, null)
