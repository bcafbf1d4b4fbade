# METADATA
# title: Claims name a storage class
# description: Without a class a claim gets the default of whatever cluster it lands in.
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: set storageClassName
#   since: v0.1.0
package stateward.custom.rules.common["common-claim-class"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "volumeClaimTemplates"],
	"what": sprintf("%s names no storage class", [claim.metadata.name]),
	"touched": true,
}) if {
	some entry in review.statefulsets
	some claim in entry.object.spec.volumeClaimTemplates
	object.get(claim.spec, "storageClassName", "") == ""
}
