# METADATA
# title: Scaling
# description: |
#   How many pods a request leaves of how many, whether it writes `spec.replicas` of a StatefulSet or a Scale, which
#   knows the number and nothing else.
package stateward.lib.scaling

import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.pods
import data.stateward.lib.review
import data.stateward.lib.selector

# METADATA
# title: Requests
# description: Every write that may change the number of pods of a StatefulSet.
requests := array.concat(review.statefulsets, review.scales)

# METADATA
# title: StatefulSet
# description: |
#   The StatefulSet that is scaled, as it would be after the request; undefined for a Scale whose set is unknown.
# scope: document
sts(entry) := cluster.statefulset(entry.namespace, entry.name) if entry.kind == "Scale"

sts(entry) := entry.object if entry.kind == "StatefulSet"

# METADATA
# title: From
# description: The replicas before the request, 0 where there was no StatefulSet; old API servers send no old Scale.
# scope: document
from(entry) := defaults.scale_replicas(entry.old) if {
	entry.kind == "Scale"
	is_object(entry.old)
} else := defaults.replicas(sts(entry)) if {
	entry.kind == "Scale"
} else := defaults.replicas(entry.old) if {
	entry.kind == "StatefulSet"
	is_object(entry.old)
} else := 0 if {
	entry.kind == "StatefulSet"
}

# METADATA
# title: To
# description: The replicas after the request.
# scope: document
to(entry) := defaults.scale_replicas(entry.object) if entry.kind == "Scale"

to(entry) := defaults.replicas(entry.object) if entry.kind == "StatefulSet"

# METADATA
# title: Stopped
# description: |
#   The ordinals, in order, of pods that a former set of this name left and that a set stops as soon as it is created:
#   it takes them over, and they are outside of its range. Empty for every other request.
stopped(entry) := sort([ordinal |
	entry.kind == "StatefulSet"
	entry.operation == "CREATE"
	wanted := selector.own(entry.object)
	some pod in cluster.labelled("pods", entry.namespace, selector.wanted(wanted))
	not pods.is_controlled(pod)
	not pods.has_ended(pod)
	not pod.metadata.deletionTimestamp
	pods.set_of(pod) == entry.name
	selector.matches(wanted, pod.metadata.labels)
	ordinal := to_number(regex.find_n(`\d+$`, pod.metadata.name, 1)[0])
	not _is_kept(entry.object, ordinal)
])

_is_kept(set, ordinal) if {
	first := defaults.ordinals_start(set)
	first <= ordinal
	ordinal < first + defaults.replicas(set)
}

# METADATA
# title: Writes
# description: |
#   The requests with what is known of them, as {entry, sts, from, to}. A Scale of an unknown set is not among them.
writes := [{"entry": entry, "sts": set, "from": from(entry), "to": to(entry)} |
	some entry in requests
	set := sts(entry)
]
