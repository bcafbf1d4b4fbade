# METADATA
# title: Scaling to zero is meant
# description: |
#   At 0 replicas every pod stops and nothing answers any more, whether the 0 stands in the spec, comes from
#   `kubectl scale`, or from a Scale without replicas, which means 0. OrderedReady pods stop one by one, the last
#   first; with `whenScaled: Delete` the claims of all of them are deleted too. A StatefulSet made with 0 is fine.
# related_resources:
#   - ref: https://kubernetes.io/docs/tasks/run-application/scale-stateful-set/
# custom:
#   severity: warn
#   profile:
#     strict: deny
#   on:
#     statefulsets: [UPDATE]
#     statefulsets/scale: [UPDATE]
#   reads: [statefulsets]
#   fix: keep at least one replica, unless the whole set is meant to stop
#   since: v0.1.0
package stateward.rules.scale["scale-to-zero"]

import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "replicas"],
	"what": sprintf("0 stops %s", [_effect(before, entry)]),
}) if {
	some entry in review.statefulsets
	entry.operation == "UPDATE"
	is_object(entry.old)
	defaults.replicas(entry.object) == 0
	before := defaults.replicas(entry.old)
	before > 0
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "replicas"],
	"what": sprintf("0 stops %s", [_effect(before, entry)]),
}) if {
	some entry in review.scales
	defaults.scale_replicas(entry.object) == 0
	before := _scaled_from(entry)
	before > 0
}

# Old API servers send no old Scale.
_scaled_from(entry) := defaults.scale_replicas(entry.old) if {
	is_object(entry.old)
} else := defaults.replicas(cluster.statefulset(entry.namespace, entry.name))

# Only the StatefulSet knows what becomes of the claims; a Scale may come without it.
_effect(before, entry) := sprintf("%s%s; %s", [_pods(before), _order(before, sts), _claims(sts)]) if {
	sts := _set(entry)
} else := _pods(before)

_set(entry) := cluster.statefulset(entry.namespace, entry.name) if entry.kind == "Scale"

_set(entry) := entry.object if entry.kind == "StatefulSet"

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
