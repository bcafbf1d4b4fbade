# METADATA
# title: A StatefulSet says what becomes of its claims
# description: What becomes of the claims should be read in the manifest and not in the documentation.
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: say Retain
#   since: v0.1.0
package stateward.custom.rules.common["common-retention-policy"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "persistentVolumeClaimRetentionPolicy"],
	"what": sprintf("does not say %s", [field]),
	"touched": true,
}) if {
	some entry in review.statefulsets
	some field in ["whenDeleted", "whenScaled"]
	not entry.object.spec.persistentVolumeClaimRetentionPolicy[field]
}
