# METADATA
# title: Revisions of a StatefulSet are kept
# description: |
#   A ControllerRevision holds a pod template that a StatefulSet had. While a rollout is under way, or a partition keeps
#   pods on the last template, the controller makes those pods from the revision that is still current. Without it, it
#   makes them from the new template, so the partition no longer holds, and the old one cannot be restored.
#   The controller deletes old revisions itself, as `revisionHistoryLimit` says.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#revision-history
# custom:
#   severity: deny
#   confirm: true
#   on:
#     controllerrevisions: [DELETE]
#   reads: [statefulsets]
#   fix: let the rollout finish first
#   since: v0.1.0
package stateward.rules.rollout["revision-in-use"]

import data.stateward.lib.cluster
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.rollout

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("pods of StatefulSet %q are made from revision %q while its rollout is under way", [
		sts.metadata.name,
		entry.name,
	]),
}) if {
	some entry in review.deletions("ControllerRevision")
	some sts in _owners(entry)
	rollout.under_way(sts)
	entry.name in {sts.status.currentRevision, sts.status.updateRevision}
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("without revision %q StatefulSet %q cannot be rolled back to its template", [
		entry.name,
		sts.metadata.name,
	]),
	"fix": "let the controller delete old revisions, as spec.revisionHistoryLimit says",
}) if {
	some entry in review.deletions("ControllerRevision")
	some sts in _owners(entry)
	not rollout.under_way(sts)
}

_owners(entry) := [sts |
	some owner in entry.old.metadata.ownerReferences
	owner.kind == "StatefulSet"
	sts := cluster.statefulset(entry.namespace, owner.name)
	sts.metadata.uid == owner.uid
	object.get(sts, ["metadata", "deletionTimestamp"], null) == null
]
