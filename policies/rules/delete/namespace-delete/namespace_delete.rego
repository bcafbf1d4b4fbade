# METADATA
# title: Deleting a namespace with state needs confirmation
# description: |
#   Deleting a namespace deletes everything in it, in no order, and cannot be stopped: StatefulSets, their pods, their
#   claims, and the disks whose volumes have the reclaim policy `Delete`. One wrong context in a terminal is enough. The
#   VolumeSnapshots in it are deleted too, and their contents stay where they have the deletion policy `Retain`. With
#   the parameter `recovery`, fresh snapshots of that kind of all its claims turn the denial into a warning.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
#   - ref: https://github.com/kubernetes/kubernetes/issues/10179
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     namespaces: [DELETE]
#   reads:
#     - backups
#     - statefulsets
#     - persistentvolumeclaims
#     - persistentvolumes
#     - volumesnapshotclasses
#     - volumesnapshotcontents
#     - volumesnapshots
#   params:
#     recovery:
#       type: object
#       default: {}
#       description: warn only, where every claim that is deleted has a ready snapshot with deletion policy Retain
#       fields:
#         dependentDrivers:
#           type: array
#           description: CSI drivers whose snapshots are lost with their volume, so that they never count
#         snapshotWithin:
#           type: duration
#           description: how old a snapshot may be
#   fix: delete its StatefulSets and claims first
#   since: v0.1.0
package stateward.rules.delete["namespace-delete"]

import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.lost
import data.stateward.lib.recovery
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.at(_level(entry), rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("namespace %q holds %s%s", [
		entry.name,
		_inventory(sets, claims),
		recovery.ways(entry, [claim | some claim in claims; cluster.reclaim_policy(claim) != "Retain"], true),
	]),
}) if {
	some entry in review.deletions("Namespace")
	sets := _running(entry.name)
	claims := lost.in_namespace(entry.name)
	count(sets) + count(claims) > 0
}

# Its VolumeSnapshots are deleted too, and the claims of other workloads.
_level(entry) := recovery.level(
	rego.metadata.chain(),
	entry,
	[claim | some claim in cluster.claims(entry.name); object.get(claim, ["spec", "volumeName"], "") != ""],
	true,
)

_running(namespace) := [sts.metadata.name |
	some sts in cluster.statefulsets(namespace)
	defaults.replicas(sts) > 0
]

_inventory(sets, claims) := concat(" and ", [part | some part in [_sets(sets), _data(claims)]; part != ""])

_sets(sets) := "" if {
	count(sets) == 0
} else := _some(count(sets), "running StatefulSet")

_data(claims) := "" if {
	count(claims) == 0
} else := sprintf("%s, %s", [_some(count(claims), "bound claim"), _disks(claims)])

_disks(claims) := sprintf("%d with a disk that is DELETED with it", [deleted]) if {
	deleted := count([claim | some claim in claims; cluster.reclaim_policy(claim) == "Delete"])
	deleted > 0
} else := "and the files of disks with the reclaim policy Recycle are DELETED" if {
	some claim in claims
	cluster.reclaim_policy(claim) == "Recycle"
} else := "and what happens to the disks is unknown" if {
	some claim in claims
	cluster.reclaim_policy(claim) == ""
} else := "whose disks are kept"

_some(number, noun) := sprintf("1 %s", [noun]) if {
	number == 1
} else := sprintf("%d %ss", [number, noun])
