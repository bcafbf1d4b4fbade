# METADATA
# title: Sets that roll
# description: |
#   Whether the pods of a stored StatefulSet are being replaced, or are away, by its status and, for their names, by its
#   pods.
package stateward.lib.rolling

import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.rollout

# METADATA
# title: First
# description: The first replica index that an update replaces, the number of replicas where it replaces none.
# scope: document
first(sts) := 0 if {
	defaults.update_strategy(sts) == "Recreate"
} else := rollout.reaches(sts)

# METADATA
# title: Reaches pods
# description: True where an update of the template replaces a pod.
reaches_pods(sts) if first(sts) < defaults.replicas(sts)

# METADATA
# title: Is under way
# description: |
#   True for a rollout that has begun, or begins now, and is not complete. One that a partition keeps from every pod has
#   not begun, and OnDelete begins none.
# scope: document
is_under_way(sts) if {
	reaches_pods(sts)
	rollout.under_way(sts)
}

is_under_way(sts) if {
	defaults.update_strategy(sts) == "RollingUpdate"
	rollout.under_way(sts)
	object.get(sts, ["status", "updatedReplicas"], 0) > 0
}

# METADATA
# title: Is rolling
# description: True for a set of which a rollout is under way, or may be for all that its controller has seen.
# scope: document
is_rolling(sts) if is_under_way(sts)

is_rolling(sts) if {
	reaches_pods(sts)
	rollout.unseen(sts)
}

# METADATA
# title: Is ready
# description: True where all pods are Ready.
is_ready(sts) if object.get(sts, ["status", "readyReplicas"], 0) >= defaults.replicas(sts)

# METADATA
# title: Is busy
# description: True for a set that is rolling, or has a pod that is not Ready.
# scope: document
is_busy(sts) if is_rolling(sts)

is_busy(sts) if not is_ready(sts)

# METADATA
# title: Waited
# description: The names of the pods that are not Ready, or that a rollout has yet to replace, the last one first.
waited(sts) := array.reverse([each.name |
	entry := {"namespace": sts.metadata.namespace, "name": sts.metadata.name, "old": sts}
	some each in rollout.pods(entry, 0, defaults.replicas(sts))
	_is_waited(sts, each)
])

_is_waited(_, each) if {
	each.pod == null
	cluster.knows("pods")
}

_is_waited(_, each) if {
	each.pod != null
	not rollout.ready_since(each.pod)
}

_is_waited(sts, each) if {
	each.pod != null
	is_rolling(sts)
	each.index >= first(sts)
	rollout.revision(each.pod) != sts.status.updateRevision
}
