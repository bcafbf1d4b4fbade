# METADATA
# title: Replicas stay within a limit
# description: |
#   A slip of the finger or an autoscaler in a loop can ask for thousands of pods, each with a claim that stays and is
#   paid for. Kubernetes has no limit but a quota. This rule is off until Guardrails set its action.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/policy/resource-quotas/
# custom:
#   severity: "off"
#   confirm: true
#   on:
#     statefulsets: [CREATE, UPDATE]
#     statefulsets/scale: [UPDATE]
#   params:
#     max:
#       type: integer
#       default: 100
#       description: The most replicas that a StatefulSet may have
#   fix: choose fewer replicas, or raise the parameter max in the Guardrails
#   since: v0.1.0
package stateward.rules.scale["max-replicas"]

import data.stateward.lib.config
import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), write.entry, {
	"path": ["spec", "replicas"],
	"what": sprintf("%v is more than %v, the most that is allowed", [write.after, limit]),
	"touched": write.after > write.before,
}) if {
	limit := config.param(rego.metadata.chain(), "max")
	some write in array.concat(_sets, _scales)
	write.after > limit
}

_sets := [{"entry": entry, "before": _before(entry), "after": defaults.replicas(entry.object)} |
	some entry in review.statefulsets
]

_scales := [{
	"entry": entry,
	"before": defaults.scale_replicas(entry.old),
	"after": defaults.scale_replicas(entry.object),
} |
	some entry in review.scales
]

# A new set had none.
_before(entry) := defaults.replicas(entry.old) if is_object(entry.old)

_before(entry) := 0 if not is_object(entry.old)
