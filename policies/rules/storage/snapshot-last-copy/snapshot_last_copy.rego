# METADATA
# title: The last snapshot of a claim is kept
# description: |
#   A VolumeSnapshot that is deleted takes its content and the snapshot in the storage system with it, if the deletion
#   policy of the content is `Delete`. The rule reports the deletion of the last ready snapshot of a claim that belongs
#   to a StatefulSet, or that no longer exists and is named like one, and of the content of such a snapshot. It also
#   reports a content that has no VolumeSnapshot, if no other ready content is of the same disk. Contents whose
#   VolumeSnapshot is terminating are left alone. A service account, such as that of a backup program, gets at most a
#   warning.
#
#   A content that names a snapshot of the storage system (`source.snapshotHandle`) does not say of which disk it is.
#   Its deletion is reported where other contents are of the same snapshot, which is lost for all of them. Otherwise
#   people get a warning. In a comparison of files, where nothing is stored, a VolumeSnapshot counts as ready, and its
#   class says what its deletion does.
#
#   The deletion of a namespace is reported where it holds the only ready snapshots of claims that no longer exist. It
#   deletes these snapshots, if none of a claim has the deletion policy `Retain`. Of more than 50, the rule says only
#   how many there are.
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
#     namespaces: [DELETE]
#   when:
#     volumesnapshots: snapshots
#     volumesnapshotcontents: snapshots
#   reads:
#     - statefulsets
#     - persistentvolumeclaims
#     - persistentvolumes
#     - volumesnapshotclasses
#     - volumesnapshotcontents
#     - volumesnapshots
#   fix: take another snapshot first, and wait until it is ready
#   since: v0.1.0
package stateward.rules.storage["snapshot-last-copy"]

import data.stateward.lib.claim
import data.stateward.lib.cluster
import data.stateward.lib.listing
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

# What is retained in the storage system can be found there by hand, and what was imported may be worth nothing.
_level(loss) := "deny" if {
	loss.certain
	_is_by_people(loss.entry)
} else := "warn"

_is_by_people(entry) if scope.class(entry.user) in {"person", "unknown"}

_losses contains {"entry": entry, "certain": true, "what": what} if {
	some entry in review.deletions("VolumeSnapshot")
	content := snapshots.content(entry.old)
	not _retained(content)
	what := sprintf("snapshot %q %s, and %s", [entry.name, _last_copy(entry.namespace, entry.old), _storage(content)])
}

_losses contains {"entry": entry, "certain": true, "what": what} if {
	some entry in review.deletions("VolumeSnapshot")
	entry.planned
	what := sprintf("snapshot %q is the last one here of %s, and %s", [
		entry.name,
		_claim_of_files(entry),
		_fate[snapshots.policy(entry.old)],
	])
}

_losses contains {"entry": entry, "certain": _lost(entry.old), "what": what} if {
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

_losses contains {"entry": entry, "certain": _lost(entry.old), "what": what} if {
	some entry in review.deletions("VolumeSnapshotContent")
	snapshots.is_whole(entry.old)
	not snapshots.of_content(entry.old)
	disk := entry.old.spec.source.volumeHandle
	{_handle(content) | some content in snapshots.contents; _is_of(content, disk)} == {_handle(entry.old)}
	what := sprintf("content %q is the last ready one of disk %q and has no VolumeSnapshot; it %s", [
		entry.name,
		disk,
		_storage(entry.old),
	])
}

_losses contains {"entry": imported.entry, "certain": true, "what": what} if {
	some imported in _imported
	names := sort([content.metadata.name | some content in snapshots.sharing(imported.content)])
	count(names) > 0
	what := sprintf("%s is of the same snapshot %q in the storage system as content %s, and %s", [
		imported.called,
		imported.content.spec.source.snapshotHandle,
		listing.short(names),
		_storage(imported.content),
	])
}

# Programs that move data make and delete such contents for each volume.
_losses contains {"entry": imported.entry, "certain": false, "what": what} if {
	some imported in _imported
	_is_by_people(imported.entry)
	snapshots.sharing(imported.content) == []
	not imported.content.status.readyToUse == false
	what := sprintf("%s was made from snapshot %q in the storage system, whose disk is not known here, and %s", [
		imported.called,
		imported.content.spec.source.snapshotHandle,
		_storage(imported.content),
	])
}

_losses contains {"entry": entry, "certain": true, "what": what} if {
	cluster.knows("persistentvolumeclaims")
	some entry in review.deletions("Namespace")
	found := _of_lost_claims(entry.name)
	count(found) <= _most
	names := _claims_of(found, "Delete") - _claims_of(found, "Retain")
	count(names) > 0
	what := sprintf("namespace %q holds the last ready snapshots of claims that no longer exist: %s; it %s", [
		entry.name,
		listing.short(sort(names)),
		"DELETES them in the storage system too",
	])
}

_losses contains {"entry": entry, "certain": false, "what": what} if {
	cluster.knows("persistentvolumeclaims")
	some entry in review.deletions("Namespace")
	found := _of_lost_claims(entry.name)
	count(found) > _most
	what := sprintf("namespace %q holds %d ready snapshots of claims that no longer exist; it %s", [
		entry.name,
		count(found),
		"deletes them, and in the storage system too where their deletion policy is Delete (not looked up for so many)",
	])
}

_of_lost_claims(namespace) := [snapshot |
	some snapshot in snapshots.in_namespace(namespace)
	snapshots.is_whole(snapshot)
	_is_of_a_lost_claim(namespace, snapshot)
]

# The content of each is looked up at the API server.
_most := 50

_is_of_a_lost_claim(namespace, snapshot) if {
	name := snapshot.spec.source.persistentVolumeClaimName
	regex.match(`-\d+$`, name)
	not cluster.claim(namespace, name)
}

_claims_of(found, policy) := {snapshot.spec.source.persistentVolumeClaimName |
	some snapshot in found
	snapshots.content(snapshot).spec.deletionPolicy == policy
}

# Deletions of contents that name a snapshot of the storage system, which is deleted with them.
_imported contains {"entry": entry, "called": sprintf("snapshot %q", [entry.name]), "content": content} if {
	some entry in review.deletions("VolumeSnapshot")
	content := snapshots.content(entry.old)
	_is_imported(content)
}

_imported contains {"entry": entry, "called": sprintf("content %q", [entry.name]), "content": entry.old} if {
	some entry in review.deletions("VolumeSnapshotContent")
	_is_imported(entry.old)
	not _is_terminating(entry.old)
}

_is_terminating(content) if snapshots.of_content(content).metadata.deletionTimestamp

_is_imported(content) if {
	content.spec.source.snapshotHandle
	_lost(content)
}

# The claim of a VolumeSnapshot that files held, where they hold no other snapshot of it.
_claim_of_files(entry) := _named(entry.namespace, name) if {
	not entry.old.status.readyToUse == false
	name := entry.old.spec.source.persistentVolumeClaimName
	every other in snapshots.in_namespace(entry.namespace) {
		_is_other(other, name)
	}
}

_is_other(snapshot, claim) if object.get(snapshot, ["spec", "source", "persistentVolumeClaimName"], "") != claim

_is_other(snapshot, _) if snapshot.status.readyToUse == false

_named(namespace, name) := sprintf("claim %q of StatefulSet %q", [name, set]) if {
	set := _sets(namespace, name)[0]
} else := sprintf("claim %q", [name]) if regex.match("-\\d+$", name)

_fate := {
	"Delete": _deleted,
	"unknown": "what becomes of it in the storage system is not known",
}

_deleted := "is DELETED in the storage system too"

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
	not _is_imported_too(namespace, name, snapshot)
}

# What was made from the very snapshot that is deleted is no copy.
_is_imported_too(namespace, name, snapshot) if {
	some other in snapshots.of_its_disk(cluster.claim(namespace, name))
	snapshots.content(other).spec.source.snapshotHandle != _handle(snapshots.content(snapshot))
}

_sets(namespace, name) := sort([sts.metadata.name |
	some sts in cluster.statefulsets(namespace)
	claim.ordinal(sts, name) >= 0
])

_is_of(content, disk) if {
	content.spec.source.volumeHandle == disk
	snapshots.is_whole(content)
}

_retained(content) if content.spec.deletionPolicy == "Retain"

default _lost(_) := false

_lost(content) if object.get(content, ["spec", "deletionPolicy"], "") != "Retain"

_storage(content) := sprintf("leaves snapshot %q in the storage system, to be found by hand", [_handle(content)]) if {
	_retained(content)
} else := _deleted

_handle(content) := object.get(content, ["status", "snapshotHandle"], "")
