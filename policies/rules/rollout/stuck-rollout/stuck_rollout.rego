# METADATA
# title: A pod that never gets Ready holds up its own repair
# description: |
#   With OrderedReady the controller waits for each pod to be Ready before it does anything else, and that holds for a
#   pod of a bad template too: correcting the template, or changing it back, reaches no pod until somebody deletes that
#   one. It comes back from the template that is right by then. So the change is fine, and not enough.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
# custom:
#   severity: warn
#   on:
#     statefulsets: [UPDATE]
#   reads: [pods]
#   fix: make the change, then delete that pod, unless it is only just starting
#   since: v0.1.0
package stateward.rules.rollout["stuck-rollout"]

import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.rollout

# The command comes first: what follows it may be cut from a warning. No guardrail is to stop what this is about.
report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["spec", "template"],
	"what": sprintf("needs `kubectl delete pod %s -n %s` too%s: all waits until it is Ready", [
		stuck[0],
		entry.namespace,
		_more(count(stuck) - 1),
	]),
}) if {
	some entry in review.statefulsets
	rollout.changes(entry)
	defaults.pod_management(entry.object) == "OrderedReady"
	defaults.update_strategy(entry.object) == "RollingUpdate"
	stuck := [each.name |
		some each in rollout.pods(entry, 0, defaults.replicas(entry.object))
		_stuck(entry, each)
	]
	count(stuck) > 0
}

_stuck(entry, each) if {
	each.pod != null
	not rollout.ready_since(each.pod)
	not rollout.terminating(each.pod)
	not _stays(entry, each)
}

# Pods that the change leaves as they are: deleted, they would come back the same.
_stays(entry, each) if {
	rollout.revision(each.pod) == entry.old.status.currentRevision
	_at_current_revision(entry, each.index)
}

_at_current_revision(entry, index) if index < defaults.partition(entry.object)

_at_current_revision(entry, _) if rollout.back(entry)

_more(0) := ""

_more(others) := sprintf(", and %d more like it", [others]) if others > 0
