# METADATA
# title: Volumes of a StatefulSet are retained
# description: |
#   With the reclaim policy Delete, the deletion of a claim deletes the disk behind it. With Retain the volume stays and
#   can be bound again. A set whose own retention policy deletes its claims is not reported. The rule does not look for
#   backups or snapshots. It checks the first 100 replicas.
# custom:
#   severity: warn
#   on:
#     statefulsets: [AUDIT]
#   reads: [persistentvolumeclaims, persistentvolumes]
#   fix: set persistentVolumeReclaimPolicy of these volumes to Retain, or keep it if there is a backup of the data
#   since: v0.1.0
package stateward.rules.audit["volume-retention"]

import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.family
import data.stateward.lib.listing
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "volumeClaimTemplates", index],
	"what": sprintf("the reclaim policy Delete of the volumes of %s deletes the data with the claim", [
		listing.short(names),
	]),
}) if {
	some entry in review.audited({"StatefulSet"})
	defaults.when_deleted(entry.object) == "Retain"
	risky := [each |
		some each in family.claims(entry.namespace, entry.object)
		cluster.reclaim_policy(each.claim) == "Delete"
	]
	some index in {each.index | some each in risky}
	names := [each.claim.metadata.name | some each in risky; each.index == index]
}
