# METADATA
# title: Selectors of two workloads do not overlap
# description: |
#   Two workloads whose selectors match each other's pods do not fight over them: a pod has one controller, and a
#   StatefulSet adopts only orphans that carry its name. But everything that uses the selector counts both as one: an
#   autoscaler counts the pods of both, and so does `kubectl logs -l`. One StatefulSet also adopts the revisions that
#   an orphan delete of the other leaves behind, and mixes up its own history.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-selector
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   reads: [statefulsets, deployments]
#   fix: give each selector and pod template a label that the other one lacks
#   since: v0.1.0
package stateward.rules.identity["selector-overlap"]

import data.stateward.lib.cluster
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.selector

_path := ["spec", "selector"]

# A Deployment's controller adopts any orphan that it selects; that of a StatefulSet only those of its own names.
_severities := {"StatefulSet": "warn", "Deployment": "deny"}

_labels_path := ["spec", "template", "metadata", "labels"]

report contains result.violation(rego.metadata.chain(), entry, {
	"path": overlap.path,
	"what": sprintf(overlap.what, [sprintf("%s %q", [kind, other.metadata.name])]),
	"fields": [_path, _labels_path],
	"severity": object.get(_severities, kind, "deny"),
	"others": [{"kind": kind, "namespace": entry.namespace, "name": other.metadata.name}],
}) if {
	some entry in review.statefulsets
	some kind, others in {
		"StatefulSet": _near("statefulsets", entry),
		"Deployment": _near("deployments", entry),
	}
	some other in others
	[kind, other.metadata.name] != ["StatefulSet", entry.name]
	object.get(other, ["metadata", "deletionTimestamp"], null) == null
	overlap := _overlap(entry.object, other)
}

_near(resource, entry) := cluster.overlapping(
	resource, entry.namespace,
	_wanted(entry.object),
	selector.labels(entry.object),
)

# A selector that Kubernetes refuses matches nothing.
_wanted(sts) := wanted if {
	wanted := selector.match_labels(selector.own(sts))
} else := selector.labels(sts)

_overlap(sts, other) := {"path": _path, "what": "also matches the pods of %s"} if {
	selector.matches(selector.own(sts), selector.labels(other))
} else := {"path": _labels_path, "what": "the selector of %s also matches these pods"} if {
	selector.matches(selector.own(other), selector.labels(sts))
}
