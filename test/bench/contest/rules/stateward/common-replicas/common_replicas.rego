# METADATA
# title: There are two pods at least
# description: One pod is gone for as long as its node is.
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#     statefulsets/scale: [UPDATE]
#   fix: ask for two
#   since: v0.1.0
package stateward.custom.rules.common["common-replicas"]

import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "replicas"],
	"what": sprintf("%d are too few", [wanted]),
	"touched": true,
}) if {
	some entry in review.statefulsets
	wanted := defaults.replicas(entry.object)
	wanted < 2
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "replicas"],
	"what": sprintf("%d are too few", [wanted]),
	"touched": true,
}) if {
	some entry in review.scales
	wanted := defaults.scale_replicas(entry.object)
	wanted < 2
}
