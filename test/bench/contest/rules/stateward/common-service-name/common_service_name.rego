# METADATA
# title: A StatefulSet names its Service
# description: Pods without a Service have no names.
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: name a Service
#   since: v0.1.0
package stateward.custom.rules.common["common-service-name"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "serviceName"],
	"what": "there is none",
	"touched": true,
}) if {
	some entry in review.statefulsets
	object.get(entry.object.spec, "serviceName", "") == ""
}
