# METADATA
# title: One rollout ends before the next begins
# description: |
#   A template that changes while the last change is on its way makes three versions of one set: some pods skip the
#   version between, some run it for a minute, and whatever goes wrong has two causes. A change back to the current
#   revision is always fine. The rule knows it by a pod of that revision which has all that the new template says; so it
#   is not recognised where something else rewrites the pods, and a change that only drops something from that revision
#   passes for one. Under OnDelete nothing is on its way by itself, and the rule on-delete speaks.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#rolling-updates
# custom:
#   severity: warn
#   profile:
#     strict: deny
#   confirm: true
#   on:
#     statefulsets: [UPDATE]
#   reads: [pods]
#   fix: let the rollout end first, or change the template back
#   since: v0.1.0
package stateward.rules.rollout["rollout-in-progress"]

import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.rollout

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "template"],
	"what": sprintf("changes again, and the change before has reached %v of %v pods", [
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
