# METADATA
# title: A pod that never becomes Ready blocks the rollout
# description: |
#   With OrderedReady the controller waits until each pod is Ready before it does anything else. This includes a pod
#   of a bad template: correcting or reverting the template reaches no pod until you delete the stuck one. The
#   controller then recreates it from the corrected template. So the change is right, but not enough.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
# custom:
#   severity: warn
#   on:
#     statefulsets: [UPDATE]
#   changes:
#     statefulsets: [spec.template]
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
	"what": sprintf("also run `kubectl delete pod %s -n %s`%s: the rollout waits until it is Ready", [
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
