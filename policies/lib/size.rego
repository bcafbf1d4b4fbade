# METADATA
# title: Sizes
# description: How many pods somebody wants of a StatefulSet, in its spec or through `statefulsets/scale`.
package stateward.lib.size

import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.review

# METADATA
# title: Writes
# description: |
#   Every request that says a size, as {entry, sts, from, to}: the set (for a Scale, the stored one) and its replicas
#   before and after. A set that is yet to be made has none before. A Scale of an unknown set is not among them.
writes := array.flatten([_made, _updated, _scaled])

_made := [{"entry": entry, "sts": entry.object, "from": 0, "to": defaults.replicas(entry.object)} |
	some entry in review.statefulsets
	entry.operation in {"MANIFEST", "CREATE"}
]

_updated := [write |
	some entry in review.statefulsets
	entry.operation == "UPDATE"
	is_object(entry.old)
	write := {
		"entry": entry,
		"sts": entry.object,
		"from": defaults.replicas(entry.old),
		"to": defaults.replicas(entry.object),
	}
]

_scaled := [{"entry": entry, "sts": sts, "from": _before(entry, sts), "to": defaults.scale_replicas(entry.object)} |
	some entry in review.scales
	sts := cluster.statefulset(entry.namespace, entry.name)
]

# Old API servers send no old Scale.
_before(entry, _) := defaults.scale_replicas(entry.old) if is_object(entry.old)

_before(entry, sts) := defaults.replicas(sts) if not is_object(entry.old)
