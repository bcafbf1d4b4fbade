# METADATA
# title: Volumes of a StatefulSet are retained
# description: |
#   With the reclaim policy Delete, the deletion of a claim deletes the disk behind it. With Retain the volume stays and
#   can be bound again. A set whose own retention policy deletes its claims is not reported, and neither is a claim with
#   a ready VolumeSnapshot that is at most as old as the parameter `snapshotWithin`. A Velero
#   backup of the namespace is named in the message and does not change it: it does not say which volumes it holds. The
#   rule checks the first 100 replicas.
# custom:
#   severity: warn
#   on:
#     statefulsets: [AUDIT]
#   reads: [backups, persistentvolumeclaims, persistentvolumes, volumesnapshotcontents, volumesnapshots]
#   params:
#     snapshotWithin:
#       type: duration
#       default: 48h
#       description: how old the newest snapshot of a claim may be
#   fix: set persistentVolumeReclaimPolicy of these volumes to Retain, or keep it if there is a backup of the data
#   since: v0.1.0
package stateward.rules.audit["volume-retention"]

import data.stateward.lib.clock
import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.defaults
import data.stateward.lib.family
import data.stateward.lib.listing
import data.stateward.lib.recovery
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.snapshots

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "volumeClaimTemplates", index],
	"what": sprintf("the reclaim policy Delete of the volumes of %s deletes the data with the claim%s", [
		listing.short([claim.metadata.name | some claim in claims]),
		recovery.backup(entry, claims),
	]),
}) if {
	some entry in review.audited({"StatefulSet"})
	defaults.when_deleted(entry.object) == "Retain"
	risky := [each |
		some each in family.claims(entry.namespace, entry.object)
		cluster.reclaim_policy(each.claim) == "Delete"
		not _has_snapshot(entry, each.claim)
	]
	some index in {each.index | some each in risky}
	claims := [each.claim | some each in risky; each.index == index]
}

_has_snapshot(entry, claim) if {
	within := clock.duration(config.param(rego.metadata.chain(), "snapshotWithin")) / 1000000000
	snapshots.newest(entry, claim).seconds <= within
}
