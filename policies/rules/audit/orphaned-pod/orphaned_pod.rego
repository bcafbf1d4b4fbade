# METADATA
# title: Pods of a StatefulSet have a controller
# description: |
#   A pod that a StatefulSet made keeps running when the set is deleted with `--cascade=orphan`, and when its labels no
#   longer match. Nothing recreates it after a failure or a drain, and its claim stays in use. A pod that is younger
#   than `minutes` may still be adopted and is not reported.
# custom:
#   severity: warn
#   on:
#     pods: [AUDIT]
#   reads: [statefulsets]
#   params:
#     minutes:
#       type: integer
#       default: 10
#       description: minutes after which it is reported
#   fix: "create the StatefulSet again, so that it adopts the pod, or delete the pod"
#   since: v0.1.0
package stateward.rules.audit["orphaned-pod"]

import data.stateward.lib.age
import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.pods
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "ownerReferences"],
	"what": sprintf("%s: nothing recreates this pod, which is %s old", [_gone(entry, set), age.text(seconds)]),
}) if {
	some entry in review.audited({"Pod"})
	not pods.is_controlled(entry.object)
	not pods.has_ended(entry.object)
	set := pods.set_of(entry.object)
	seconds := age.seconds(entry, entry.object.metadata.creationTimestamp)
	seconds >= config.param(rego.metadata.chain(), "minutes") * 60
}

_gone(entry, set) := sprintf("StatefulSet %q does not exist", [set]) if {
	cluster.knows("statefulsets")
	not cluster.statefulset(entry.namespace, set)
} else := "no controller owns it"
