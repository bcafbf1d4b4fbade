# METADATA
# title: Pods are kept apart
# description: Pods that share a node are gone together.
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: add a topology spread constraint
#   since: v0.1.0
package stateward.custom.rules.common["common-spread"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "template", "spec"],
	"what": "nothing keeps the pods apart",
	"touched": true,
}) if {
	some entry in review.statefulsets
	not entry.object.spec.template.spec.affinity.podAntiAffinity
	count(object.get(entry.object.spec.template.spec, "topologySpreadConstraints", [])) == 0
}
