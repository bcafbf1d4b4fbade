# METADATA
# title: The revision history keeps a way back
# description: |
#   `kubectl rollout undo` restores a pod template from an old ControllerRevision. With `revisionHistoryLimit: 0` the
#   controller deletes a revision as soon as no pod runs it: once a rollout has finished, the template before it is
#   gone. Lowering the limit to 0 deletes all old revisions at once.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#revision-history
# custom:
#   severity: warn
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: leave revisionHistoryLimit out (10), or keep at least 1
#   since: v0.1.0
#   cel:
#     validations:
#       - path: spec.revisionHistoryLimit
#         expression: >-
#           object.spec.?revisionHistoryLimit.orValue(10) != 0 ||
#           (oldObject != null && oldObject.spec.?revisionHistoryLimit.orValue(10) == 0)
#         what: "'0 keeps no old revision: kubectl rollout undo has nothing to go back to'"
package stateward.rules.rollout["revision-history"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "revisionHistoryLimit"],
	"what": "0 keeps no old revision: kubectl rollout undo has nothing to go back to",
}) if {
	some entry in review.statefulsets
	entry.object.spec.revisionHistoryLimit == 0
}
