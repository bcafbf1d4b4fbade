# METADATA
# title: Deleting a bound volume needs confirmation
# description: |
#   A PersistentVolume that is deleted while a claim is bound to it takes the data with it: the claim ends as Lost,
#   and nothing binds it again. Kubernetes' controllers, and provisioners that clean up released volumes, are always
#   allowed.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     persistentvolumes: [DELETE]
#   reads: [persistentvolumeclaims]
#   fix: delete the claim first, if its data may go
#   since: v0.1.0
package stateward.rules.storage["volume-in-use"]

import data.stateward.lib.identity
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.volume

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("volume %q holds the data of claim %q in namespace %s", [entry.name, name, entry.namespace]),
}) if {
	some entry in review.deletions("PersistentVolume")
	not identity.is_controller(entry.user)
	name := volume.bound_claim(entry.old)
}
