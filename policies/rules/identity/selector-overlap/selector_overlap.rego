# METADATA
# title: A selector stands for one workload
# description: |
#   Two workloads in one namespace whose selectors match each other's pods do not fight over them: a pod has one
#   controller, and a StatefulSet adopts only orphans that carry its own name. But whoever goes by the selector takes
#   both for one: an autoscaler counts the pods of both, and so does `kubectl logs -l`. The revisions that an orphan
#   delete leaves behind are adopted by the other set, and its history is then no longer its own.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-selector
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   reads: [statefulsets, deployments]
#   fix: give the selector and the pod template of each a label that the other has not
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

_overlap(sts, other) := {"path": _path, "what": "matches the pods of %s too"} if {
	selector.matches(selector.own(sts), selector.labels(other))
} else := {"path": _labels_path, "what": "the selector of %s matches these pods too"} if {
	selector.matches(selector.own(other), selector.labels(sts))
}
