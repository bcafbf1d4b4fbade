# METADATA
# title: Rollouts
# description: |
#   How far a StatefulSet's update has come: by its status as stored, and by its pods, which carry their revision in the
#   label `controller-revision-hash`. Source: pkg/controller/statefulset/stateful_set_control.go.
package stateward.lib.rollout

import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.image
import data.stateward.lib.review

# Pods that are looked at, of a set that may have thousands.
_most := 100

# METADATA
# title: Image changes
# description: |
#   Every request by which a RollingUpdate brings other images into a set. One that goes back to the images of the
#   current revision is none, nor is one that may do so for all that is known.
image_changes := [entry |
	some entry in review.statefulsets
	defaults.update_strategy(entry.object) == "RollingUpdate"
	new_images(entry)
]

# METADATA
# title: Recreations
# description: The same for a set with the strategy Recreate, which replaces all pods at once.
recreations := [entry |
	some entry in review.statefulsets
	defaults.update_strategy(entry.object) == "Recreate"
	new_images(entry)
]

# METADATA
# title: New images
# description: |
#   True for an update that brings other images into a set, other than those of the current revision as far as that is
#   known.
new_images(entry) if {
	entry.operation == "UPDATE"
	is_object(entry.old)
	image.changed(entry)
	decidable(entry)
	not back_to_images(entry)
}

# METADATA
# title: Openings
# description: |
#   Every request that lets other images into a set which they have not reached at all: they came while a partition, or
#   OnDelete, kept them from every pod, and no pod was deleted to try them.
openings := [entry |
	some entry in review.statefulsets
	entry.operation == "UPDATE"
	is_object(entry.old)
	under_way(entry.old)
	object.get(entry.old, ["status", "updatedReplicas"], 0) == 0
	reaches(entry.old) == defaults.replicas(entry.old)
	reaches(entry.object) < defaults.replicas(entry.object)
	not changes(entry)
	_brings_images(entry)
]

# METADATA
# title: Reaches
# description: The first replica index that an update reaches by itself, the number of replicas where it reaches none.
# scope: document
reaches(sts) := min([defaults.partition(sts), defaults.replicas(sts)]) if {
	defaults.update_strategy(sts) == "RollingUpdate"
} else := defaults.replicas(sts)

# METADATA
# title: Changes
# description: True for an update of the pod template.
changes(entry) if {
	entry.operation == "UPDATE"
	is_object(entry.old)
	object.get(entry.object, ["spec", "template"], null) != object.get(entry.old, ["spec", "template"], null)
}

# METADATA
# title: Under way
# description: True where not all pods have been brought to the last template yet, or a partition keeps them from it.
under_way(sts) if {
	sts.status.currentRevision != sts.status.updateRevision
	not _is_replaced(sts)
}

# METADATA
# title: Unseen
# description: True where the controller has not seen the last change of the spec, so that the status is about another.
unseen(sts) if object.get(sts, ["status", "observedGeneration"], 0) < sts.metadata.generation

# METADATA
# title: Back
# description: |
#   True where the template becomes that of the current revision again, which nothing must stop. No revision is in the
#   inventory, so a pod that runs it represents it: it has all that the template says, besides what others added to it.
back(entry) if {
	_may_go_back(entry)
	some pod in _at_current_revision(entry)
	_made_of(pod, entry.object)
}

# METADATA
# title: Back to images
# description: True where the containers get the images of the current revision again, whatever else changes.
back_to_images(entry) if {
	_may_go_back(entry)
	some pod in _at_current_revision(entry)
	runs_images(pod, entry.object)
}

# METADATA
# title: Decidable
# description: True where it is known whether a change goes back to the current revision.
# scope: document
decidable(entry) if not _may_go_back(entry)

decidable(entry) if count(_at_current_revision(entry)) > 0

decidable(_) if cluster.knows("pods")

# METADATA
# title: Pods
# description: |
#   The pods of the stored set from one replica index up to another, which is not among them, as {index, name, pod}; pod
#   is null if it does not exist or is unknown. At most 100, from the first.
pods(entry, first, beyond) := [{"index": index, "name": name, "pod": _pod(entry.namespace, name)} |
	first < beyond
	some index in numbers.range(first, min([beyond, first + _most]) - 1)
	name := sprintf("%s-%d", [entry.name, defaults.ordinals_start(entry.old) + index])
]

# METADATA
# title: Revision
# description: The revision that a pod was made from; "" where it does not say.
revision(pod) := object.get(pod, ["metadata", "labels", "controller-revision-hash"], "")

# METADATA
# title: Ready since
# description: When a pod became Ready, as RFC 3339; "" where it does not say, undefined for a pod that is not Ready.
ready_since(pod) := [object.get(condition, "lastTransitionTime", "") |
	some condition in pod.status.conditions
	condition.type == "Ready"
	condition.status == "True"
][0]

# METADATA
# title: Terminating
# description: True for a pod that is being deleted.
terminating(pod) if object.get(pod, ["metadata", "deletionTimestamp"], null) != null

# Before 1.37 the controller leaves the current revision of OnDelete as it is, even when all pods have been replaced.
_is_replaced(sts) if {
	defaults.update_strategy(sts) == "OnDelete"
	updated := object.get(sts, ["status", "updatedReplicas"], 0)
	updated == defaults.replicas(sts)
}

# The status is of before the last change where the controller has not seen that; its current revision is current still.
_may_go_back(entry) if {
	changes(entry)
	under_way(entry.old)
}

_may_go_back(entry) if {
	changes(entry)
	unseen(entry.old)
}

_brings_images(entry) if {
	some pod in _at_current_revision(entry)
	not runs_images(pod, entry.object)
}

# METADATA
# title: Runs images
# description: True for a pod that runs the images that the containers of a set are to run.
runs_images(pod, sts) if {
	every item in image.containers(sts) {
		runs_image(pod, item)
	}
}

# METADATA
# title: Runs image
# description: True for a pod that runs the image of one of a set's containers, as image.containers has them.
runs_image(pod, item) if {
	some container in pod.spec[item.path[3]]
	container.name == item.container.name
	container.image == item.container.image
}

_at_current_revision(entry) := [each.pod |
	some each in pods(entry, 0, defaults.replicas(entry.old))
	each.pod != null
	revision(each.pod) == entry.old.status.currentRevision
]

_made_of(pod, sts) if {
	template := sts.spec.template
	every field in ["labels", "annotations"] {
		object.subset(_map(pod, field), _map(template, field))
	}
	object.subset(pod.spec, object.remove(template.spec, ["initContainers", "containers"]))
	every item in image.containers(sts) {
		some container in pod.spec[item.path[3]]
		object.subset(container, item.container)
	}
}

_map(value, field) := given if {
	given := object.get(value, ["metadata", field], null)
	is_object(given)
} else := {}

_pod(namespace, name) := found if {
	found := cluster.pod(namespace, name)
} else := null
