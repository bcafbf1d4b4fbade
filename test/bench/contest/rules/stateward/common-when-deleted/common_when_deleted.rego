# METADATA
# title: Claims outlive their StatefulSet
# description: 'With whenDeleted: Delete the data go when the StatefulSet goes.'
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE, DELETE]
#   fix: say Retain
#   since: v0.1.0
package stateward.custom.rules.common["common-when-deleted"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "persistentVolumeClaimRetentionPolicy"],
	"what": "the claims are deleted with the set",
	"touched": true,
}) if {
	some entry in review.statefulsets
	entry.object.spec.persistentVolumeClaimRetentionPolicy.whenDeleted == "Delete"
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "persistentVolumeClaimRetentionPolicy"],
	"what": "the claims are deleted with the set",
	"touched": true,
}) if {
	some entry in review.deletions("StatefulSet")
	entry.old.spec.persistentVolumeClaimRetentionPolicy.whenDeleted == "Delete"
}
