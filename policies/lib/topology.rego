# METADATA
# title: Topology
# description: How a StatefulSet asks the scheduler to spread its pods.
package stateward.lib.topology

import data.stateward.lib.selector

# METADATA
# title: Spread keys
# description: |
#   The node labels by whose values the pods are kept apart, as a set: by topology spread constraints or by pod
#   anti-affinity, required or preferred. What selects other pods than the set's own keeps none of them apart.
spread_keys(sts) := {term.topologyKey |
	some term in array.concat(_constraints(sts), _terms(sts))
	selector.matches(term.labelSelector, selector.labels(sts))
}

# METADATA
# title: Idle
# description: The paths, below the pod's spec, of what is meant to keep pods apart and selects none of the set's own.
idle(sts) := {path |
	some path, term in object.union(_placed_constraints(sts), _placed_terms(sts))
	not selector.matches(object.get(term, "labelSelector", null), selector.labels(sts))
}

_placed_constraints(sts) := {sprintf("topologySpreadConstraints[%d]", [index]): constraint |
	some index, constraint in sts.spec.template.spec.topologySpreadConstraints
}

_placed_terms(sts) := object.union(
	{sprintf("podAntiAffinity.required[%d]", [index]): term |
		some index, term in _anti_affinity(sts).requiredDuringSchedulingIgnoredDuringExecution
	},
	{sprintf("podAntiAffinity.preferred[%d]", [index]): weighted.podAffinityTerm |
		some index, weighted in _anti_affinity(sts).preferredDuringSchedulingIgnoredDuringExecution
	},
)

# METADATA
# title: Zone keys
# description: The node labels that name a zone, the second until Kubernetes 1.17.
zone_keys := {"topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"}

_constraints(sts) := [constraint | some constraint in sts.spec.template.spec.topologySpreadConstraints]

_terms(sts) := array.concat(
	[term | some term in _anti_affinity(sts).requiredDuringSchedulingIgnoredDuringExecution],
	[weighted.podAffinityTerm | some weighted in _anti_affinity(sts).preferredDuringSchedulingIgnoredDuringExecution],
)

_anti_affinity(sts) := sts.spec.template.spec.affinity.podAntiAffinity
