# METADATA
# title: A bound volume keeps its claim
# description: |
#   `spec.claimRef` says which claim a PersistentVolume belongs to. If it changes while that claim exists, the volume
#   counts as released and the claim as lost: reclaim policy Delete then deletes the data, and with Retain another
#   claim can get it. Kubernetes' controllers may change it, and so may anyone once the claim is gone. Volume populators
#   fill a volume behind a claim of their own and then give it away: automation may do that where no StatefulSet has
#   the claim and no pod mounts it.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding
#   - ref: https://kubernetes.io/blog/2022/05/16/volume-populators-beta/
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     persistentvolumes: [UPDATE]
#   when:
#     persistentvolumes: claimRef
#   reads: [persistentvolumeclaims, pods, statefulsets]
#   fix: keep spec.claimRef while its claim exists
#   since: v0.1.0
package stateward.rules.storage["volume-claim"]

import data.stateward.lib.claim
import data.stateward.lib.cluster
import data.stateward.lib.identity
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.scope
import data.stateward.lib.volume

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "claimRef"],
	"what": sprintf("without it claim %q in namespace %s is Lost%s", [name, entry.namespace, _fate(entry.object)]),
	"touched": true,
}) if {
	some entry in review.objects({"PersistentVolume"})
	entry.operation == "UPDATE"
	not identity.is_controller(entry.user)
	_claim(entry.object) != _claim(entry.old)
	name := volume.bound_claim(entry.old)
	not _given_away(entry, name)
}

_given_away(entry, name) if {
	scope.class(entry.user) == "automation"
	namespace := entry.old.spec.claimRef.namespace
	count(cluster.mounting(namespace, name)) == 0
	count([sts | some sts in cluster.statefulsets(namespace); claim.ordinal(sts, name) >= 0]) == 0
}

_claim(value) := [object.get(value, ["spec", "claimRef", field], "") | some field in ["namespace", "name", "uid"]]

_fate(value) := " and its data is DELETED (reclaim policy Delete)" if {
	value.spec.persistentVolumeReclaimPolicy == "Delete"
} else := " and another claim can get its data"
