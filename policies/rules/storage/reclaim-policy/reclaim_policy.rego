# METADATA
# title: Volumes and snapshots stay retained
# description: |
#   The reclaim policy decides what happens to the disk when the claim is deleted. Turned from Retain to Delete, it
#   deletes the disk together with the claim; turned to Recycle, it deletes all files on it. Where the claim is gone
#   already, that happens at once. Nothing brings the data back. The deletion policy of a VolumeSnapshotContent is
#   the same for a snapshot: turned from Retain to Delete, it deletes the snapshot in the storage system together
#   with its VolumeSnapshot, and so with its namespace. Snapshots that fail or are terminating are left alone. A
#   service account, such as that of a backup program that ends a backup, gets at most a warning about a snapshot.
# related_resources:
#   - ref: https://kubernetes.io/docs/tasks/administer-cluster/change-pv-reclaim-policy/
#   - ref: https://kubernetes.io/docs/concepts/storage/volume-snapshots/#delete
# custom:
#   severity: warn
#   profile:
#     strict: deny
#   confirm: true
#   dataLoss: true
#   on:
#     persistentvolumes: [UPDATE]
#     volumesnapshotcontents: [UPDATE]
#   when:
#     persistentvolumes: reclaimPolicy
#     volumesnapshotcontents: snapshots
#   reads: [persistentvolumeclaims, volumesnapshots]
#   fix: keep Retain, and delete the disk by hand once its data may go
#   since: v0.1.0
package stateward.rules.storage["reclaim-policy"]

import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.scope
import data.stateward.lib.snapshots
import data.stateward.lib.volume

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "persistentVolumeReclaimPolicy"],
	"what": sprintf("%s together with claim %q in namespace %s", [loss, name, entry.namespace]),
}) if {
	some entry in review.objects({"PersistentVolume"})
	entry.operation == "UPDATE"
	entry.old.spec.persistentVolumeReclaimPolicy == "Retain"
	loss := _losses[entry.object.spec.persistentVolumeReclaimPolicy]
	name := volume.bound_claim(entry.old)
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "persistentVolumeReclaimPolicy"],
	"what": sprintf("%s at once: its claim %q in namespace %s is gone", [loss, ref.name, ref.namespace]),
	"fix": "keep Retain until its data may go",
}) if {
	some entry in review.objects({"PersistentVolume"})
	entry.operation == "UPDATE"
	entry.old.spec.persistentVolumeReclaimPolicy == "Retain"
	entry.old.status.phase == "Released"
	not volume.bound_claim(entry.old)
	loss := _losses[entry.object.spec.persistentVolumeReclaimPolicy]
	ref := entry.object.spec.claimRef
}

report contains result.at(_level(entry), rego.metadata.chain(), entry, {
	"path": ["spec", "deletionPolicy"],
	"what": sprintf("with Delete the snapshot in the storage system is DELETED together with %s", [_what(entry.old)]),
	"fix": "keep Retain, and delete the snapshot in the storage system by hand once its data may go",
}) if {
	some entry in review.objects({"VolumeSnapshotContent"})
	entry.operation == "UPDATE"
	entry.old.spec.deletionPolicy == "Retain"
	entry.object.spec.deletionPolicy == "Delete"
	not _is_over(entry.old)
}

_level(entry) := "deny" if {
	scope.class(entry.user) in {"person", "unknown"}
} else := "warn"

# What cannot be read counts as not there, and that holds for the content either way.
_what(content) := sprintf("VolumeSnapshot %s/%s", [snapshot.metadata.namespace, snapshot.metadata.name]) if {
	snapshot := snapshots.of_content(content)
} else := "this content"

_is_over(content) if content.status.readyToUse == false

_is_over(content) if snapshots.of_content(content).metadata.deletionTimestamp

_losses := {
	"Delete": "with Delete the disk is DELETED",
	"Recycle": "with Recycle all files on the disk are DELETED",
}
