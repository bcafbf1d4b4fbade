# METADATA
# title: Metadata
# description: |
#   The labels and annotations that Stateward reads, in one place: those that confirm a guarded operation, and those
#   that ask for more protection, or for less.
package stateward.lib.metadata

# METADATA
# title: Confirm
# description: The operation that is confirmed, as "delete", "scale" or "update".
confirm := "stateward.dev/confirm"

# METADATA
# title: Confirm until
# description: When the confirmation ends (RFC 3339), at most an hour after it is used.
until := "stateward.dev/confirm-until"

# METADATA
# title: Confirm reason
# description: The reason, in a sentence; optional.
reason := "stateward.dev/confirm-reason"

# METADATA
# title: Confirm rules
# description: |
#   The ids of the rules that the confirmation is for, separated by commas. Without it, it is for those that are not
#   about loss of data, which is deprecated.
rules := "stateward.dev/confirm-rules"

# METADATA
# title: Confirm for
# description: How long the confirmation lasts from now on, as in 10m. Stateward replaces it by the time when it ends.
for_time := "stateward.dev/confirm-for"

# METADATA
# title: Confirmed by
# description: Who set the other metadata. Only Stateward writes it.
confirmed_by := "stateward.dev/confirmed-by"

# METADATA
# title: Confirmed object
# description: The state of the object that the confirmation is for. Only Stateward writes it.
confirmed_object := "stateward.dev/confirmed-object"

# METADATA
# title: Canary hold
# description: The partition and the images of a canary that Stateward holds. Only Stateward writes it.
canary_hold := "stateward.dev/canary-hold"

# METADATA
# title: Kinds
# description: The kinds of objects on which something can be confirmed.
kinds := {
	"ControllerRevision",
	"Namespace",
	"PersistentVolume",
	"PersistentVolumeClaim",
	"Pod",
	"PodDisruptionBudget",
	"Service",
	"StatefulSet",
}

# METADATA
# title: Without annotations
# description: |
#   Kinds on which nothing records who sets an annotation: only deletions of them are judged, which Confirmation objects
#   confirm.
without_annotations := {
	"ConfigMap",
	"Node",
	"PriorityClass",
	"Secret",
	"ServiceAccount",
	"StorageClass",
	"VolumeAttachment",
	"VolumeSnapshot",
	"VolumeSnapshotContent",
}

# METADATA
# title: Quorum
# description: The label of a StatefulSet whose members vote, with value "true".
quorum := "stateward.dev/quorum"

# METADATA
# title: Canary
# description: |
#   The label of a StatefulSet that has to be updated one pod first, with value "required", or by Stateward's own hand,
#   with value "auto".
canary := "stateward.dev/canary"

# METADATA
# title: Ephemeral
# description: The label of a StatefulSet whose data may go with its pods, as that of a cache, with value "true".
ephemeral := "stateward.dev/ephemeral"

# METADATA
# title: Rollout group
# description: The label of StatefulSets of which only one at a time may roll, with the name of their group.
rollout_group := "stateward.dev/rollout-group"

# METADATA
# title: Is ephemeral
# description: True for a StatefulSet whose data may go with its pods, whether YAML read that as a boolean or a string.
is_ephemeral(resource) if sprintf("%v", [resource.metadata.labels[ephemeral]]) == "true"

# METADATA
# title: Protections
# description: Labels of a StatefulSet that protect it, each with the value by which it does.
protections := {quorum: "true", canary: "required"}

# METADATA
# title: Protects
# description: True where the label has the value by which it protects, whether YAML read that as a boolean or a string.
protects(resource, label) if sprintf("%v", [resource.metadata.labels[label]]) == protections[label]

# METADATA
# title: Begins with a canary
# description: True where Stateward is to let image changes begin with one pod.
begins_with_canary(resource) if resource.metadata.labels[canary] == "auto"

# METADATA
# title: Annotation
# description: The value of an annotation of an object; "" where there is none, nor an object.
# scope: document
default annotation(_, _) := ""

annotation(resource, key) := resource.metadata.annotations[key]

# METADATA
# title: Confirmation
# description: The annotations that confirm an operation, without the user.
confirmation(resource) := {key: annotation(resource, key) | some key in [confirm, until, reason, rules]}
