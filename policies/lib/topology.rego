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
# title: Zone keys
# description: The node labels that name a zone, the second until Kubernetes 1.17.
zone_keys := {"topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"}

_constraints(sts) := [constraint | some constraint in sts.spec.template.spec.topologySpreadConstraints]

_terms(sts) := array.concat(
	[term | some term in _anti_affinity(sts).requiredDuringSchedulingIgnoredDuringExecution],
	[weighted.podAffinityTerm | some weighted in _anti_affinity(sts).preferredDuringSchedulingIgnoredDuringExecution],
)

_anti_affinity(sts) := sts.spec.template.spec.affinity.podAntiAffinity
