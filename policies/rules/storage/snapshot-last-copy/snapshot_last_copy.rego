# METADATA
# title: The last snapshot of a claim is kept
# description: |
#   A VolumeSnapshot that is deleted takes its content and the snapshot in the storage system with it, if the deletion
#   policy of the content is `Delete`. The rule reports the deletion of the last ready snapshot of a claim that belongs
#   to a StatefulSet, or that no longer exists and is named like one, and of the content of such a snapshot. It also
#   reports a content that has no VolumeSnapshot, if no other ready content is of the same disk. Contents whose
#   VolumeSnapshot is terminating are left alone, and so are snapshots that were not made from a claim. A service
#   account, such as that of a backup program, gets at most a warning.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/storage/volume-snapshots/#delete
#   - ref: https://kubernetes.io/docs/concepts/storage/volume-snapshot-classes/#deletionpolicy
# custom:
#   severity: warn
#   profile:
#     strict: deny
#   confirm: true
#   dataLoss: true
#   on:
#     volumesnapshots: [DELETE]
#     volumesnapshotcontents: [DELETE]
#   when:
#     volumesnapshots: snapshots
#     volumesnapshotcontents: snapshots
#   reads: [statefulsets, persistentvolumeclaims, volumesnapshotcontents, volumesnapshots]
#   fix: take another snapshot first, and wait until it is ready
#   since: v0.1.0
package stateward.rules.storage["snapshot-last-copy"]

import data.stateward.lib.claim
import data.stateward.lib.cluster
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.scope
import data.stateward.lib.snapshots

report contains result.at(_level(loss), rego.metadata.chain(), loss.entry, {
	"path": ["metadata", "name"],
	"what": loss.what,
}) if {
	some loss in _losses
}

# What is retained in the storage system can be found there by hand.
_level(loss) := "deny" if {
	not loss.retained
	scope.class(loss.entry.user) in {"person", "unknown"}
} else := "warn"

_losses contains {"entry": entry, "retained": false, "what": what} if {
	some entry in review.deletions("VolumeSnapshot")
	content := snapshots.content(entry.old)
	not _retained(content)
	what := sprintf("snapshot %q %s, and %s", [entry.name, _last_copy(entry.namespace, entry.old), _storage(content)])
}

_losses contains {"entry": entry, "retained": _retained(entry.old), "what": what} if {
	some entry in review.deletions("VolumeSnapshotContent")
	ref := entry.old.spec.volumeSnapshotRef
	snapshot := snapshots.of_content(entry.old)
	snapshots.content(snapshot).metadata.name == entry.name
	what := sprintf("content %q of snapshot %s/%s, which %s, %s", [
		entry.name,
		ref.namespace,
		ref.name,
		_last_copy(ref.namespace, snapshot),
		_storage(entry.old),
	])
}

_losses contains {"entry": entry, "retained": _retained(entry.old), "what": what} if {
	some entry in review.deletions("VolumeSnapshotContent")
	snapshots.is_whole(entry.old)
	not snapshots.of_content(entry.old)
	disk := entry.old.spec.source.volumeHandle
	{content.metadata.name | some content in snapshots.contents; _is_of(content, disk)} == {entry.name}
	what := sprintf("content %q is the last ready one of disk %q and has no VolumeSnapshot; it %s", [
		entry.name,
		disk,
		_storage(entry.old),
	])
}

# Why this is the last from which its claim can be made; undefined where it is not, or where that is not known.
_last_copy(namespace, snapshot) := sprintf("is the last ready one of claim %q of StatefulSet %q", [name, set]) if {
	name := _only_snapshot_of(namespace, snapshot)
	set := _sets(namespace, name)[0]
} else := sprintf("is the last ready one of claim %q, which no longer exists", [name]) if {
	name := _only_snapshot_of(namespace, snapshot)
	regex.match(`-\d+$`, name)
	cluster.knows("persistentvolumeclaims")
	not cluster.claim(namespace, name)
}

# That it is found itself shows that the snapshots of the namespace can be read.
_only_snapshot_of(namespace, snapshot) := name if {
	name := snapshot.spec.source.persistentVolumeClaimName
	[each.metadata.uid | some each in snapshots.of_claim(namespace, name)] == [snapshot.metadata.uid]
}

_sets(namespace, name) := sort([sts.metadata.name |
	some sts in cluster.statefulsets(namespace)
	claim.ordinal(sts, name) >= 0
])

_is_of(content, disk) if {
	content.spec.source.volumeHandle == disk
	snapshots.is_whole(content)
}

default _retained(_) := false

_retained(content) if content.spec.deletionPolicy == "Retain"

_storage(content) := sprintf("leaves snapshot %q in the storage system, to be found by hand", [_handle(content)]) if {
	_retained(content)
} else := "is DELETED in the storage system too"

_handle(content) := object.get(content, ["status", "snapshotHandle"], "")
