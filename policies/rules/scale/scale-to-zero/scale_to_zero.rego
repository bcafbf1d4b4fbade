# METADATA
# title: Scale to zero needs confirmation
# description: |
#   At 0 replicas every pod stops and the service is down, whether the 0 is in the spec, comes from `kubectl scale`,
#   or from a Scale without replicas, which means 0. OrderedReady pods stop one by one, the last one first; with
#   `whenScaled: Delete` their claims are deleted too. Creating a StatefulSet with 0 replicas is allowed.
# related_resources:
#   - ref: https://kubernetes.io/docs/tasks/run-application/scale-stateful-set/
# custom:
#   severity: warn
#   profile:
#     strict: deny
#   confirm: true
#   on:
#     statefulsets: [UPDATE]
#     statefulsets/scale: [UPDATE]
#   changes:
#     statefulsets: [spec.replicas]
#   reads: [statefulsets]
#   fix: keep at least one replica, unless you want to stop the whole set
#   since: v0.1.0
#   cel:
#     variables:
#       # The replicas of a Scale are no pointer: absent means 0.
#       - {name: absent, expression: "request.kind.kind == 'Scale' ? 0 : 1"}
#       - {name: to, expression: "object.?spec.?replicas.orValue(variables.absent)"}
#       - {name: from, expression: "oldObject.?spec.?replicas.orValue(variables.absent)"}
#     validations:
#       - path: spec.replicas
#         expression: variables.to != 0 || variables.from <= 0
#         what: "'0 stops all ' + string(variables.from) + ' pods'"
package stateward.rules.scale["scale-to-zero"]

import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.scaling

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "replicas"],
	"what": sprintf("0 stops %s", [_effect(before, entry)]),
}) if {
	some entry in scaling.requests
	scaling.to(entry) == 0
	before := scaling.from(entry)
	before > 0
}

# Only the StatefulSet knows what becomes of the claims; a Scale may come without it.
_effect(before, entry) := sprintf("%s%s; %s", [_pods(before), _order(before, sts), _claims(sts)]) if {
	sts := scaling.sts(entry)
} else := _pods(before)

_pods(before) := "the only pod" if {
	before == 1
} else := sprintf("all %v pods", [before])

_order(before, sts) := "" if {
	before == 1
} else := " at once" if {
	defaults.pod_management(sts) == "Parallel"
} else := ", the last first"

_claims(sts) := "there are no claims" if {
	object.get(sts, ["spec", "volumeClaimTemplates"], null) in {null, []}
} else := "the claims and data are DELETED (whenScaled: Delete)" if {
	defaults.when_scaled(sts) == "Delete"
} else := "the claims stay (whenScaled: Retain)"
