# METADATA
# title: Snapshots
# description: |
#   VolumeSnapshots and their contents (snapshot.storage.k8s.io/v1), where the cluster has that API. What cannot be read
#   counts as not there: it is evidence only of what it shows. They are looked up at the API server, so only where a
#   finding depends on them.
package stateward.lib.snapshots

import data.stateward.lib.age
import data.stateward.lib.clock
import data.stateward.lib.cluster
import data.stateward.lib.review

# METADATA
# title: Of a claim
# description: |
#   The VolumeSnapshots of a namespace that could bring back a claim of this name, as an array: they are ready, and
#   nothing deletes them.
of_claim(namespace, claim) := [snapshot |
	some snapshot in in_namespace(namespace)
	snapshot.spec.source.persistentVolumeClaimName == claim
	is_whole(snapshot)
]

# METADATA
# title: In a namespace
# description: All VolumeSnapshots of a namespace that are known, as an array.
in_namespace(namespace) := array.concat(
	[entry.object |
		some entry in review.manifests
		review.is_kind(entry, "VolumeSnapshot")
		entry.namespace == namespace
	],
	[snapshot | some snapshot in data.cluster.volumesnapshots[namespace]],
)

# METADATA
# title: Is whole
# description: True for a VolumeSnapshot or its content from which a volume can be made, and which nothing deletes.
is_whole(stored) if {
	stored.status.readyToUse == true
	object.get(stored, ["metadata", "deletionTimestamp"], null) == null
}

# METADATA
# title: Content
# description: The content that a VolumeSnapshot is bound to; undefined where it is not known or bound to another.
content(snapshot) := found if {
	found := _content(snapshot.status.boundVolumeSnapshotContentName)
	found.spec.volumeSnapshotRef.uid == snapshot.metadata.uid
}

# METADATA
# title: Of a content
# description: The VolumeSnapshot that a content belongs to; undefined where it is not known.
of_content(content) := [snapshot |
	some snapshot in in_namespace(content.spec.volumeSnapshotRef.namespace)
	snapshot.metadata.uid == content.spec.volumeSnapshotRef.uid
][0]

# METADATA
# title: Contents
# description: All VolumeSnapshotContents that are known, as an array.
contents := array.concat(_beside, [content | some content in data.cluster.volumesnapshotcontents])

_beside := [entry.object | some entry in review.manifests; review.is_kind(entry, "VolumeSnapshotContent")]

_content(name) := [content | some content in _beside; content.metadata.name == name][0]

_content(name) := found if {
	every content in _beside {
		content.metadata.name != name
	}
	found := data.cluster.volumesnapshotcontents[name]
}

# METADATA
# title: Newest
# description: |
#   The newest snapshot from which this claim can be made again: its name, its content, and its age in seconds where the
#   time is known; undefined where none is known. A snapshot of an earlier claim of the same name is none, nor is one
#   of another disk.
newest(entry, claim) := object.union({"name": snapshot.metadata.name, "content": bound}, _age(entry, snapshot)) if {
	snapshots := [[_made(each), each] |
		some each in of_claim(object.get(claim, ["metadata", "namespace"], "default"), claim.metadata.name)
		_made(each) >= _since(claim)
	]
	latest := max([made | some [made, _] in snapshots])
	snapshot := [each | some [made, each] in snapshots; made == latest][0]
	bound := content(snapshot)
	is_whole(bound)
	not _is_of_another_disk(bound, claim)
}

# METADATA
# title: Is of its disk
# description: True where the content is known to be a snapshot of the disk that this claim has now.
is_of_its_disk(content, claim) if content.spec.source.volumeHandle == _disk(claim)

_is_of_another_disk(content, claim) if content.spec.source.volumeHandle != _disk(claim)

_disk(claim) := cluster.volume(claim.spec.volumeName).spec.csi.volumeHandle

# The clocks of a cluster and of its storage differ a little.
_age(entry, snapshot) := {"seconds": max([seconds, 0])} if {
	seconds := age.seconds(entry, snapshot.status.creationTime)
	seconds > -300
} else := {}

_made(stored) := clock.nanoseconds(stored.status.creationTime)

_since(claim) := made if {
	made := clock.nanoseconds(claim.metadata.creationTimestamp)
} else := 0
