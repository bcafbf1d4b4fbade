# METADATA
# title: Volumes of bound claims stay retained
# description: |
#   The reclaim policy decides what happens to the disk when the claim is deleted. Turned from Retain to Delete, it
#   deletes the disk together with the claim, and nothing brings the data back.
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
	"what": sprintf("with Delete the disk is DELETED together with claim %q in namespace %s", [name, entry.namespace]),
}) if {
	some entry in review.objects({"PersistentVolume"})
	entry.operation == "UPDATE"
	entry.object.spec.persistentVolumeReclaimPolicy == "Delete"
	entry.old.spec.persistentVolumeReclaimPolicy == "Retain"
	name := volume.bound_claim(entry.old)
}
