# METADATA
# title: Snapshots
# description: |
#   VolumeSnapshots, their contents and their classes (snapshot.storage.k8s.io/v1), where the cluster has that API. What
#   cannot be read counts as not there: it is evidence only of what it shows. They are looked up at the API server, so
#   only where a finding depends on them.
package stateward.lib.snapshots

import data.stateward.lib.age
import data.stateward.lib.clock
import data.stateward.lib.cluster
import data.stateward.lib.review

# METADATA
# title: Of a claim
# description: |
#   The VolumeSnapshots of a namespace that were made from a claim of this name and could bring it back, as an array:
#   they are ready, and nothing deletes them.
of_claim(namespace, claim) := [snapshot |
	some snapshot in in_namespace(namespace)
	snapshot.spec.source.persistentVolumeClaimName == claim
	is_whole(snapshot)
]

# METADATA
# title: Of its disk
# description: |
#   The VolumeSnapshots that could bring back this claim and were made from a content that names a snapshot of the
#   storage system, as an array. They count where the content is known to be of the disk of the claim.
of_its_disk(claim) := [snapshot |
	some snapshot in in_namespace(_home(claim))
	snapshot.spec.source.volumeSnapshotContentName
	is_whole(snapshot)
	is_of_its_disk(content(snapshot), claim)
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
newest(entry, claim) := _found(entry, claim, _latest(_of(claim)))

# METADATA
# title: Newest retained
# description: |
#   As newest, of the snapshots whose content stays where the VolumeSnapshot is deleted. A newer one whose content is
#   deleted hides none of them.
newest_retained(entry, claim) := _found(entry, claim, _latest([each |
	some each in _of(claim)
	content(each).spec.deletionPolicy == "Retain"
	_is_a_way_back(each, claim)
]))

_of(claim) := [snapshot |
	some snapshot in array.concat(of_claim(_home(claim), claim.metadata.name), of_its_disk(claim))
	_made(snapshot) >= _since(claim)
]

_latest(snapshots) := [snapshot |
	newest := max([_made(each) | some each in snapshots])
	some snapshot in snapshots
	_made(snapshot) == newest
][0]

_found(entry, claim, snapshot) := object.union(
	{"name": snapshot.metadata.name, "content": content(snapshot)},
	_age(entry, snapshot),
) if {
	_is_a_way_back(snapshot, claim)
}

_is_a_way_back(snapshot, claim) if {
	bound := content(snapshot)
	is_whole(bound)
	not _is_of_another_disk(bound, claim)
}

# METADATA
# title: Pending
# description: |
#   A snapshot of this claim that may become ready: its name, and its deletion policy, "unknown" where nothing says it.
#   A manifest has no status, so whether its snapshot is ready is not known.
pending(claim) := {"name": snapshot.metadata.name, "policy": policy(snapshot)} if {
	snapshot := [each |
		some each in in_namespace(_home(claim))
		each.spec.source.persistentVolumeClaimName == claim.metadata.name
		_is_pending(each, claim)
	][0]
}

_is_pending(snapshot, claim) if {
	every field in [["status", "readyToUse"], ["status", "error"], ["metadata", "deletionTimestamp"]] {
		object.get(snapshot, field, null) in {null, false}
	}
	not _is_of_an_earlier(snapshot, claim)
}

_is_of_an_earlier(snapshot, claim) if clock.nanoseconds(snapshot.metadata.creationTimestamp) < _since(claim)

# METADATA
# title: Policy
# description: |
#   What becomes of the snapshot in the storage system when this VolumeSnapshot is deleted: the deletion policy of its
#   content, which its class gives it where it has none yet; "unknown" where nothing says it.
# scope: document
policy(snapshot) := policy if {
	policy := content(snapshot).spec.deletionPolicy
} else := object.get(_class(snapshot), "deletionPolicy", "unknown")

default _class(_) := {}

_class(snapshot) := class if {
	class := [entry.object |
		some entry in review.manifests
		review.is_kind(entry, "VolumeSnapshotClass")
		entry.name == snapshot.spec.volumeSnapshotClassName
	][0]
} else := data.cluster.volumesnapshotclasses[snapshot.spec.volumeSnapshotClassName]

# METADATA
# title: Disk
# description: |
#   The disk that a content is a snapshot of. One that was made from a snapshot of the storage system does not say it;
#   another content of the same snapshot may. Undefined where none does.
# scope: document
disk(content) := disk if {
	disk := content.spec.source.volumeHandle
} else := [other.spec.source.volumeHandle | some other in sharing(content)][0]

# METADATA
# title: Sharing
# description: |
#   The other contents of the same snapshot in the storage system as this one, which was made from it, as an array.
#   Empty for a content of a snapshot that its driver took.
sharing(content) := [other |
	handle := content.spec.source.snapshotHandle
	some other in contents
	other.metadata.name != content.metadata.name
	other.spec.driver == content.spec.driver
	handle in {object.get(other, place, null) | some place in _handles}
]

_handles := [["spec", "source", "snapshotHandle"], ["status", "snapshotHandle"]]

# METADATA
# title: Is of its disk
# description: True where the content is known to be a snapshot of the disk that this claim has now.
is_of_its_disk(content, claim) if disk(content) == _disk(claim)

_is_of_another_disk(content, claim) if disk(content) != _disk(claim)

_home(claim) := object.get(claim, ["metadata", "namespace"], "default")

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
