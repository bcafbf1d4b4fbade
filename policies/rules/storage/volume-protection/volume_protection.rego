# METADATA
# title: Protection finalizers of volumes and claims are kept
# description: |
#   The finalizers `kubernetes.io/pv-protection` and `kubernetes.io/pvc-protection` delay the deletion of a volume
#   until its claim is gone, and of a claim until no pod uses it. Removing one by hand deletes data under a running
#   pod. Kubernetes removes them in time; every other finalizer may be removed by anyone.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     persistentvolumes: [UPDATE]
#     persistentvolumeclaims: [UPDATE]
#     persistentvolumes/status: [UPDATE]
#     persistentvolumeclaims/status: [UPDATE]
#   when:
#     persistentvolumes: finalizers
#     persistentvolumeclaims: finalizers
#     persistentvolumes/status: finalizers
#     persistentvolumeclaims/status: finalizers
#   reads: [persistentvolumeclaims, pods]
#   fix: keep the finalizer, which Kubernetes removes in time
#   since: v0.1.0
package stateward.rules.storage["volume-protection"]

import data.stateward.lib.cluster
import data.stateward.lib.identity
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.volume

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "finalizers"],
	"what": sprintf("%q protects volume %q while claim %q in namespace %s is bound to it", [
		_volume_protection,
		entry.name,
		name,
		entry.namespace,
	]),
	"fix": "keep the finalizer: Kubernetes removes it when the claim is gone",
	"touched": true,
}) if {
	some entry in review.stored({"PersistentVolume"})
	_unprotects(entry, _volume_protection)
	name := volume.bound_claim(entry.old)
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "finalizers"],
	"what": sprintf("%q protects claim %q while pod %s uses it", [
		_claim_protection,
		entry.name,
		pods[0].metadata.name,
	]),
	"fix": "keep the finalizer: Kubernetes removes it when the pod has ended",
	"touched": true,
}) if {
	some entry in review.stored({"PersistentVolumeClaim"})
	_unprotects(entry, _claim_protection)
	pods := cluster.mounting(entry.namespace, entry.name)
	count(pods) > 0
}

_volume_protection := "kubernetes.io/pv-protection"

_claim_protection := "kubernetes.io/pvc-protection"

_unprotects(entry, finalizer) if {
	entry.operation == "UPDATE"
	not identity.ends_protections(entry.user)
	finalizer in entry.old.metadata.finalizers
	not _has(entry.object, finalizer)
}

_has(value, finalizer) if finalizer in value.metadata.finalizers
