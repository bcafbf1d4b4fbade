# METADATA
# title: Deleting a claim in use needs confirmation
# description: |
#   The pod `web-0` of StatefulSet `web` finds its data through the claim `www-web-0`, by name alone, and a pod
#   template may name claims in its volumes. A claim that is deleted cannot be brought back: it is terminating until
#   the pod stops, and the next start of the pod finds an empty disk. That holds for a set with 0 replicas too, which
#   starts again with its claims, and for pods whose set was deleted without them. Whether the old disk is deleted
#   depends on its volume's reclaim policy. A claim that never got a volume holds nothing and may go. The message
#   says which snapshot brings the data back. With the parameter `recovery`, a fresh snapshot of the claim, whose
#   content is retained, turns the denial into a warning.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     persistentvolumeclaims: [DELETE]
#   reads:
#     - backups
#     - statefulsets
#     - persistentvolumes
#     - pods
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
#   fix: keep the claim for as long as the StatefulSet exists
#   since: v0.1.0
package stateward.rules.storage["claim-in-use"]

import data.stateward.lib.claim
import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.pods
import data.stateward.lib.recovery
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.at(_level(use.entry), rego.metadata.chain(), use.entry, {
	"path": ["metadata", "name"],
	"what": sprintf("claim %q holds the data of pod %s-%d; %s", [
		use.entry.name,
		use.sts.metadata.name,
		use.ordinal,
		recovery.disk(use.entry, use.entry.old),
	]),
	"fix": "scale the StatefulSet below this pod first",
}) if {
	some use in _uses
	claim.is_in_range(use.sts, use.ordinal)
}

report contains result.at(_level(use.entry), rego.metadata.chain(), use.entry, {
	"path": ["metadata", "name"],
	"what": sprintf("StatefulSet %q has 0 replicas and starts again with the data of claim %q; %s", [
		use.sts.metadata.name,
		use.entry.name,
		recovery.disk(use.entry, use.entry.old),
	]),
	"fix": "delete the StatefulSet first, if its data may go",
}) if {
	some use in _uses
	defaults.replicas(use.sts) == 0
}

report contains result.at(_level(entry), rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("StatefulSet %q names claim %q in its pod template; %s", [
		name,
		entry.name,
		recovery.disk(entry, entry.old),
	]),
	"fix": "take the claim out of spec.template.spec.volumes first",
}) if {
	some entry in _deletions
	some name in _naming(entry)
}

report contains result.at(_level(entry), rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("claim %q holds the data of pod %s, which still runs; %s", [
		entry.name,
		running[0].metadata.name,
		recovery.disk(entry, entry.old),
	]),
	"fix": "let the pod end first",
}) if {
	some entry in _deletions
	running := [pod |
		some pod in cluster.mounting(entry.namespace, entry.name)
		pods.is_of_a_set(pod)
	]
	count(running) > 0
	not _told(entry)
}

report contains result.advice(rego.metadata.chain(), use.entry, {
	"path": ["metadata", "name"],
	"what": sprintf("claim %q belongs to StatefulSet %q, which is scaled below it; %s", [
		use.entry.name,
		use.sts.metadata.name,
		recovery.disk(use.entry, use.entry.old),
	]),
	"fix": "keep it if the StatefulSet may be scaled up again",
}) if {
	some use in _uses
	defaults.replicas(use.sts) > 0
	not claim.is_in_range(use.sts, use.ordinal)
}

# The other findings name the pod already.
_told(entry) if {
	some use in _uses
	use.entry.name == entry.name
	claim.is_in_range(use.sts, use.ordinal)
}

_told(entry) if count(_naming(entry)) > 0

_naming(entry) := {sts.metadata.name |
	some sts in cluster.statefulsets(entry.namespace)
	object.get(sts, ["metadata", "deletionTimestamp"], null) == null
	some volume in sts.spec.template.spec.volumes
	volume.persistentVolumeClaim.claimName == entry.name
}

# The claims under deletion that belong to a StatefulSet, by the names that its controller gives them.
_uses := [use |
	some entry in _deletions
	some sts in cluster.statefulsets(entry.namespace)
	object.get(sts, ["metadata", "deletionTimestamp"], null) == null
	ordinal := claim.ordinal(sts, entry.name)
	use := {"entry": entry, "sts": sts, "ordinal": ordinal}
]

_deletions := [entry |
	some entry in review.deletions("PersistentVolumeClaim")
	not _is_empty(entry.old)
]

# Kubernetes found or made no volume for it, such as for a wrong class.
_is_empty(claim) if {
	claim.status.phase == "Pending"
	object.get(claim, ["spec", "volumeName"], "") == ""
}

_level(entry) := recovery.level(rego.metadata.chain(), entry, [entry.old], false)
