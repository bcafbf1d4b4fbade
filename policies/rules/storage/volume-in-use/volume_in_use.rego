# METADATA
# title: Deleting a bound volume needs confirmation
# description: |
#   A PersistentVolume that is deleted while a claim is bound to it takes the data with it: the claim ends as Lost,
#   and nothing binds it again. Kubernetes' controllers, and provisioners that clean up released volumes, are always
#   allowed. With the parameter `recovery`, a fresh snapshot of the claim turns the denial into a warning.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     persistentvolumes: [DELETE]
#   reads:
#     - backups
#     - persistentvolumeclaims
#     - persistentvolumes
#     - volumesnapshotclasses
#     - volumesnapshotcontents
#     - volumesnapshots
#   params:
#     recovery:
#       type: object
#       default: {}
#       description: warn only, where every claim that is deleted has a ready snapshot
#       fields:
#         dependentDrivers:
#           type: array
#           description: CSI drivers whose snapshots are lost with their volume, so that they never count
#         snapshotWithin:
#           type: duration
#           description: how old a snapshot may be
#   fix: delete the claim first, if its data may go
#   since: v0.1.0
package stateward.rules.storage["volume-in-use"]

import data.stateward.lib.cluster
import data.stateward.lib.identity
import data.stateward.lib.recovery
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.volume

report contains result.at(_level(entry, claim), rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("volume %q holds the data of claim %q in namespace %s%s", [
		entry.name,
		name,
		entry.namespace,
		recovery.ways(entry, [claim], false),
	]),
}) if {
	some entry in review.deletions("PersistentVolume")
	not identity.is_controller(entry.user)
	name := volume.bound_claim(entry.old)
	claim := cluster.claim(entry.namespace, name)
}

_level(entry, claim) := recovery.level(rego.metadata.chain(), entry, [claim], false)
