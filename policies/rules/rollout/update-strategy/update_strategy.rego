# METADATA
# title: Recreate stops all pods at once
# description: |
#   With `updateStrategy.type: Recreate` (an alpha feature of Kubernetes 1.37) an update deletes every pod before it
#   starts a new one. Neither a partition nor maxUnavailable holds any of them back, so a bad image reaches the whole
#   set, and the service is away meanwhile. One pod has nothing to lose by it.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#update-strategies
# custom:
#   severity: warn
#   profile:
#     strict: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: use RollingUpdate, with a partition for the first pod
#   since: v0.1.0
package stateward.rules.rollout["update-strategy"]

import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.rollout

_path := ["spec", "updateStrategy", "type"]

report contains result.violation(rego.metadata.chain(), entry, {
	"path": _path,
	"what": sprintf("Recreate: an update stops all %v pods at once, whatever the partition", [pods]),
	"touched": _is_new(entry),
}) if {
	some entry in _recreated
	pods := defaults.replicas(entry.object)
	pods > 1
	not rollout.changes(entry)
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": _path,
	"what": sprintf("Recreate: this change of the pods stops all %v of them at once", [pods]),
	"touched": true,
}) if {
	some entry in _recreated
	pods := defaults.replicas(entry.object)
	pods > 1
	rollout.changes(entry)
}

_recreated := [entry |
	some entry in review.statefulsets
	defaults.update_strategy(entry.object) == "Recreate"
]

default _is_new(_) := true

_is_new(entry) := false if entry.old.spec.updateStrategy.type == "Recreate"
