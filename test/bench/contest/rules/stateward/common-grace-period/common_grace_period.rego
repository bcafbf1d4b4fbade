# METADATA
# title: Pods get time to end
# description: A database that is killed while it writes has to recover when it starts.
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: set at least 30
#   since: v0.1.0
package stateward.custom.rules.common["common-grace-period"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "template", "spec", "terminationGracePeriodSeconds"],
	"what": "is less than 30",
	"touched": true,
}) if {
	some entry in review.statefulsets
	object.get(entry.object.spec.template.spec, "terminationGracePeriodSeconds", 0) < 30
}
