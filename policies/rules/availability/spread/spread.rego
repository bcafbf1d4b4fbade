# METADATA
# title: Replicas are spread over nodes
# description: |
#   Several replicas exist so that one may fail. By default the scheduler only prefers to separate them: on a full or
#   small cluster all of them may land on one node and fail with it. Topology spread constraints and pod anti-affinity
#   enforce the separation by host name, zone or any other node label, if they select the set's own pods. An update is
#   checked if it goes from one pod to several or removes the constraint.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
# custom:
#   severity: warn
#   on:
#     statefulsets: [CREATE, UPDATE]
#     statefulsets/scale: [UPDATE]
#   changes:
#     statefulsets: [spec.replicas, spec.template.metadata.labels, spec.template.spec.affinity,
#       spec.template.spec.topologySpreadConstraints]
#   reads: [statefulsets]
#   fix: add topologySpreadConstraints on kubernetes.io/hostname that select the template's labels
#   since: v0.1.0
package stateward.rules.availability.spread

import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.scaling
import data.stateward.lib.topology

report contains result.violation(rego.metadata.chain(), write.entry, {
	"path": ["spec", "replicas"],
	"what": sprintf("%v pods may share one node: %s", [write.to, _missing(write.sts)]),
	"touched": true,
}) if {
	some write in scaling.writes
	write.to > 1
	topology.spread_keys(write.sts) == set()
	_made_so(write)
}

_missing(sts) := sprintf("%s selects none of them", [term]) if {
	idle := topology.idle(sts)
	count(idle) == 1
	some term in idle
} else := sprintf("%s select none of them", [concat(" and ", idle)]) if {
	idle := topology.idle(sts)
	idle != set()
} else := "no spread constraint, no anti-affinity"

_made_so(write) if write.from <= 1

_made_so(write) if {
	review.is_kind(write.entry, "StatefulSet")
	is_object(write.entry.old)
	topology.spread_keys(write.entry.old) != set()
}
