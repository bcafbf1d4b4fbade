# METADATA
# title: Volumes of bound claims stay retained
# description: |
#   The reclaim policy decides what happens to the disk when the claim is deleted. Turned from Retain to Delete, it
#   deletes the disk together with the claim; turned to Recycle, it deletes all files on it. Nothing brings the data
#   back.
# related_resources:
#   - ref: https://kubernetes.io/docs/tasks/administer-cluster/change-pv-reclaim-policy/
# custom:
#   severity: warn
#   profile:
#     strict: deny
#   confirm: true
#   dataLoss: true
#   on:
#     persistentvolumes: [UPDATE]
#   when:
#     persistentvolumes: reclaimPolicy
#   reads: [persistentvolumeclaims]
#   fix: keep Retain, and delete the disk by hand once its data may go
#   since: v0.1.0
package stateward.rules.storage["reclaim-policy"]

import data.stateward.lib.result
import data.stateward.lib.review
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

_losses := {
	"Delete": "with Delete the disk is DELETED",
	"Recycle": "with Recycle all files on the disk are DELETED",
}
