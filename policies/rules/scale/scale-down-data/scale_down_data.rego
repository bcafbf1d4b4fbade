# METADATA
# title: A scale-down that deletes data needs confirmation
# description: |
#   With `persistentVolumeClaimRetentionPolicy.whenScaled: Delete`, a scale-down deletes the claims of the pods that it
#   removes, whether a person scales down or an autoscaler does at night. Scaling up again creates pods with empty
#   disks. The reclaim policy of the volumes decides whether the disks are deleted too. A StatefulSet that is created
#   over the pods that a former one of its name left deletes the claims of those that it has no place for. A StatefulSet
#   whose data may go, such as a cache that an autoscaler scales, has the label `stateward.dev/ephemeral: "true"`: then
#   it is a warning. So it is with the parameter `recovery` where all those claims have fresh snapshots.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     statefulsets: [CREATE, UPDATE]
#     statefulsets/scale: [UPDATE]
#   changes:
#     statefulsets: [spec.replicas]
#   reads:
#     - backups
#     - statefulsets
#     - persistentvolumeclaims
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
#   fix: set whenScaled to Retain first; if the data may go, label the StatefulSet stateward.dev/ephemeral=true
#   since: v0.1.0
package stateward.rules.scale["scale-down-data"]

import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.metadata
import data.stateward.lib.quantity
import data.stateward.lib.recovery
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.scaling

# Pods whose claims are looked up, one by one. A person who reads of so many needs no further numbers.
_most := 50

report contains result.at(_level(loss), rego.metadata.chain(), loss.entry, _found(loss)) if {
	some loss in _losses
	not metadata.is_ephemeral(loss.sts)
}

report contains result.advice(rego.metadata.chain(), loss.entry, _found(loss)) if {
	some loss in _losses
	metadata.is_ephemeral(loss.sts)
}

_found(loss) := {
	"path": ["spec", "replicas"],
	"what": sprintf("%v deletes %s%s of data with %s (whenScaled: Delete)%s", [
		loss.to,
		_at_least(loss.to, loss.from),
		quantity.text(sum([claim.bytes | some claim in loss.claims])),
		_names([claim.name | some claim in loss.claims]),
		recovery.ways(loss.entry, [claim.stored | some claim in loss.claims], false),
	]),
}

# Of more claims than are looked up, some may have no snapshot.
_level(loss) := "deny" if {
	loss.from - loss.to > _most
} else := recovery.level(
	rego.metadata.chain(),
	loss.entry,
	[object.get(claim, "stored", {}) | some claim in loss.claims],
	false,
)

_losses contains {"entry": entry, "sts": sts, "from": from, "to": to, "claims": claims} if {
	some entry in scaling.requests
	to := scaling.to(entry)
	from := scaling.from(entry)
	to < from
	sts := scaling.sts(entry)
	defaults.when_scaled(sts) == "Delete"
	first := defaults.ordinals_start(sts)
	claims := _claims(
		entry.namespace,
		sts,
		numbers.range(first + max([to, 0]), (first + min([from, to + _most])) - 1),
	)
	count(claims) > 0
}

_losses contains {"entry": entry, "sts": sts, "from": to + count(ordinals), "to": to, "claims": claims} if {
	some entry in review.statefulsets
	sts := entry.object
	defaults.when_scaled(sts) == "Delete"
	to := defaults.replicas(sts)
	ordinals := scaling.stopped(entry)
	claims := _claims(entry.namespace, sts, array.slice(ordinals, 0, _most))
	count(claims) > 0
}

_claims(namespace, sts, ordinals) := [claim |
	some ordinal in ordinals
	some template in sts.spec.volumeClaimTemplates
	claim := _claim(namespace, sprintf("%s-%s-%v", [template.metadata.name, sts.metadata.name, ordinal]), template)
]

# If the claims are unknown, the template has the size that they were created with.
_claim(namespace, name, template) := {"name": name, "bytes": _bytes(claim), "stored": claim} if {
	claim := cluster.claim(namespace, name)
} else := {"name": name, "bytes": _bytes(template)} if {
	not cluster.knows("persistentvolumeclaims")
}

_bytes(claim) := bytes if {
	bytes := quantity.bytes(claim.status.capacity.storage)
} else := bytes if {
	bytes := quantity.bytes(claim.spec.resources.requests.storage)
} else := 0

_at_least(to, from) := "" if {
	from - to <= _most
} else := "at least "

# Three names are enough to know what is meant.
_names(names) := sprintf("%s and %d more", [concat(", ", array.slice(names, 0, 3)), count(names) - 3]) if {
	count(names) > 3
} else := concat(", ", names)
