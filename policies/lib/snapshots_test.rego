package stateward.lib.snapshots_test

import data.stateward.lib.snapshots

_now := {"time": "2026-11-23T12:00:00Z"}

test_newest_snapshot_of_a_claim_is_found if {
	stored := {
		"old": _snapshot("old", "2026-11-22T12:00:00Z"),
		"new": _snapshot("new", "2026-11-23T10:00:00Z"),
		"other": object.union(_snapshot("other", "2026-11-23T11:00:00Z"), {"spec": {"source": {
			"persistentVolumeClaimName": "data-db-1",
		}}}),
	}
	snapshots.newest(_now, _claim({})) == {"name": "new", "seconds": 7200, "content": _content("new", {})}
		with data.cluster as _cluster(stored, {"new": _content("new", {}), "old": _content("old", {})})
}

test_newest_retained_snapshot_is_found_behind_others[why] if {
	some why, change in {
		"it is deleted": {"spec": {"deletionPolicy": "Delete"}},
		"it is not ready": {"status": {"readyToUse": false}},
		"it is of another disk": {"spec": {"source": {"volumeHandle": "disk-2"}}},
	}
	contents := {
		"new": _content("new", object.union(_retained, change)),
		"old": _content("old", _retained),
		"older": _content("older", _retained),
	}
	world := object.union(_cluster(_nights, contents), {"persistentvolumes": {"pv-0": _volume}})
	snapshots.newest_retained(_now, _claim({})) == {"name": "old", "seconds": 86400, "content": contents.old}
		with data.cluster as world
}

_nights := {
	"old": _snapshot("old", "2026-11-22T12:00:00Z"),
	"older": _snapshot("older", "2026-11-21T12:00:00Z"),
	"new": _snapshot("new", "2026-11-23T10:00:00Z"),
}

_retained := {"spec": {"deletionPolicy": "Retain"}}

test_what_brings_nothing_back_is_none[why] if {
	some why, change in {
		"not ready": [{"status": {"readyToUse": false}}, {}, {}],
		"terminating": [{"metadata": {"deletionTimestamp": "2026-11-23T11:00:00Z"}}, {}, {}],
		"of no known time": [{"status": {"creationTime": null}}, {}, {}],
		"of an earlier claim": [{"status": {"creationTime": "2026-11-19T00:00:00Z"}}, {}, {}],
		"without its content": [{"status": {"boundVolumeSnapshotContentName": "gone"}}, {}, {}],
		"its content belongs to another": [{}, {"spec": {"volumeSnapshotRef": {"uid": "other"}}}, {}],
		"its content is not ready": [{}, {"status": {"readyToUse": false}}, {}],
		"its content is terminating": [{}, {"metadata": {"deletionTimestamp": "2026-11-23T11:00:00Z"}}, {}],
		"of another disk": [{}, {}, {"spec": {"csi": {"volumeHandle": "disk-2"}}}],
	}
	snapshot := object.union(_snapshot("new", "2026-11-23T10:00:00Z"), change[0])
	not snapshots.newest(_now, _claim({})) with data.cluster as object.union(
		_cluster({"new": snapshot}, {"new": _content("new", change[1])}),
		{"persistentvolumes": {"pv-0": object.union(_volume, change[2])}},
	)
}

test_snapshots_beside_the_request_are_found if {
	manifests := [
		{"kind": "VolumeSnapshot", "apiVersion": "snapshot.storage.k8s.io/v1"},
		{"kind": "VolumeSnapshotContent", "apiVersion": "snapshot.storage.k8s.io/v1"},
	]
	snapshots.newest(_now, _claim({})).name == "new" with input as [
		object.union(manifests[0], _snapshot("new", "2026-11-23T10:00:00Z")),
		object.union(manifests[1], _content("new", {})),
	]
}

test_imported_snapshot_counts_where_its_disk_is_known if {
	snapshots.newest(_now, _claim({})).name == "copy" with data.cluster as _imported({})
}

test_imported_snapshot_of_an_unknown_disk_does_not_count[why] if {
	some why, change in {
		"no content is of the same snapshot": {"source": {"snapshotHandle": "snap-2"}},
		"its driver is another": {"driver": "other.example.com"},
	}
	not snapshots.newest(_now, _claim({})) with data.cluster as _imported(change)
}

_imported(change) := object.union(
	_cluster({"copy": snapshot}, {"copy": content, "left": left}),
	{"persistentvolumes": {"pv-0": _volume}},
) if {
	snapshot := object.union(_snapshot("copy", "2026-11-23T10:00:00Z"), {"spec": {"source": {
		"persistentVolumeClaimName": null,
		"volumeSnapshotContentName": "copy",
	}}})
	content := {
		"metadata": {"name": "copy"},
		"spec": object.union(
			{
				"deletionPolicy": "Delete",
				"driver": "disk.example.com",
				"source": {"snapshotHandle": "snap-1"},
				"volumeSnapshotRef": {"namespace": "db", "name": "copy", "uid": "copy"},
			},
			change,
		),
		"status": {"readyToUse": true},
	}
	left := _content("left", {"status": {"snapshotHandle": "snap-1"}})
}

test_pending_snapshot_has_a_policy[why] if {
	some why, case in {
		"its class": [{"volumesnapshotclasses": {"kept": _class}}, [], "Retain"],
		"its class beside it": [{}, [_class], "Retain"],
		"nothing": [{}, [], "unknown"],
		"its content": [
			{"volumesnapshotcontents": {"new": _content("new", {"spec": {"deletionPolicy": "Delete"}})}},
			[],
			"Delete",
		],
	}
	snapshots.pending(_claim({})) == {"name": "new", "policy": case[2]} with input as case[1]
		with data.cluster as object.union({"volumesnapshots": {"db": {"new": _pending}}}, case[0])
}

_pending := {
	"metadata": {"namespace": "db", "name": "new", "uid": "new", "creationTimestamp": "2026-11-23T11:59:00Z"},
	"spec": {"volumeSnapshotClassName": "kept", "source": {"persistentVolumeClaimName": "data-db-0"}},
	"status": {"readyToUse": false, "boundVolumeSnapshotContentName": "new"},
}

_class := {
	"apiVersion": "snapshot.storage.k8s.io/v1",
	"kind": "VolumeSnapshotClass",
	"metadata": {"name": "kept"},
	"deletionPolicy": "Retain",
}

test_other_snapshots_are_not_pending[why] if {
	some why, change in {
		"ready": {"status": {"readyToUse": true}},
		"failed": {"status": {"error": {"message": "no space"}}},
		"terminating": {"metadata": {"deletionTimestamp": "2026-11-23T11:00:00Z"}},
		"of an earlier claim": {"metadata": {"creationTimestamp": "2026-11-19T00:00:00Z"}},
		"of another claim": {"spec": {"source": {"persistentVolumeClaimName": "data-db-1"}}},
	}
	snapshot := object.union(object.remove(_snapshot("new", ""), ["status"]), change)
	not snapshots.pending(_claim({})) with data.cluster as {"volumesnapshots": {"db": {"new": snapshot}}}
}

test_disk_is_compared_where_it_is_known if {
	snapshots.is_of_its_disk(_content("new", {}), _claim({})) with data.cluster.persistentvolumes as {"pv-0": _volume}
	not snapshots.is_of_its_disk(_content("new", {}), _claim({}))
	not snapshots.is_of_its_disk(
		_content("new", {}),
		_claim({}),
	) with data.cluster.persistentvolumes as {"pv-0": object.union(_volume, {"spec": {"csi": {"volumeHandle": "disk-2"}}})}
}

test_age_needs_times_that_agree[when] if {
	some when, age in {
		"2026-11-23T12:00:10Z": {"seconds": 0},
		"2026-11-23T10:00:00Z": {"seconds": 7200},
		"2027-01-01T00:00:00Z": {},
	}
	found := snapshots.newest(_now, _claim({}))
		with data.cluster as _cluster({"new": _snapshot("new", when)}, {"new": _content("new", {})})
	json.filter(found, ["seconds"]) == age
}

test_claim_without_a_time_is_not_younger if {
	snapshots.newest({"time": ""}, _claim({"metadata": {"creationTimestamp": null}})).name == "new"
		with data.cluster as _cluster({"new": _snapshot("new", "2026-11-23T10:00:00Z")}, {"new": _content("new", {})})
}

_cluster(stored, contents) := {
	"volumesnapshots": {"db": stored},
	"volumesnapshotcontents": contents,
}

_claim(change) := object.union(
	{
		"metadata": {"namespace": "db", "name": "data-db-0", "creationTimestamp": "2026-11-20T00:00:00Z"},
		"spec": {"volumeName": "pv-0"},
	},
	change,
)

_volume := {"spec": {"csi": {"driver": "disk.example.com", "volumeHandle": "disk-1"}}}

_snapshot(name, made) := {
	"metadata": {"namespace": "db", "name": name, "uid": name},
	"spec": {"source": {"persistentVolumeClaimName": "data-db-0"}},
	"status": {"readyToUse": true, "creationTime": made, "boundVolumeSnapshotContentName": name},
}

_content(name, change) := object.union(
	{
		"metadata": {"name": name},
		"spec": {
			"deletionPolicy": "Retain",
			"driver": "disk.example.com",
			"source": {"volumeHandle": "disk-1"},
			"volumeSnapshotRef": {"namespace": "db", "name": name, "uid": name},
		},
		"status": {"readyToUse": true},
	},
	change,
)
