# METADATA
# title: One rollout finishes before the next starts
# description: |
#   Changing the template while the previous change is still rolling out leaves three versions in one set: some pods
#   skip the middle version, some run it for a minute, and any failure has two possible causes. Going back to the
#   current revision is always allowed. The rule recognizes it by a pod of that revision that has everything in the
#   new template. So it does not recognize it if something else rewrites the pods, and it accepts a change that only
#   removes something from that revision. Under OnDelete no rollout is in progress; the rule on-delete covers that
#   case.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#rolling-updates
# custom:
#   severity: warn
#   profile:
#     strict: deny
#   confirm: true
#   on:
#     statefulsets: [UPDATE]
#   changes:
#     statefulsets: [spec.template]
#   reads: [pods]
#   fix: wait for the rollout to finish, or revert the template
#   since: v0.1.0
package stateward.rules.rollout["rollout-in-progress"]

import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.rollout

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "template"],
	"what": sprintf("changes again before the previous change is complete (%v of %v pods updated)", [
		object.get(entry.old, ["status", "updatedReplicas"], 0),
		defaults.replicas(entry.old),
	]),
}) if {
	some entry in review.statefulsets
	rollout.changes(entry)
	rollout.under_way(entry.old)
	defaults.update_strategy(entry.object) == "RollingUpdate"
	rollout.decidable(entry)
	not rollout.back(entry)
}
