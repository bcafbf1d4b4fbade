package stateward.rules.storage["snapshot-last-copy_test"]

import data.stateward.rules.storage["snapshot-last-copy"] as rule

test_last_snapshot_of_a_set_is_kept if {
	[[finding.msg, finding.severity, finding.profile] | some finding in rule.report] == [[
		concat(" ", [
			`[snapshot-last-copy] metadata.name: snapshot "night-1" is the last ready one of claim "data-db-0"`,
			`of StatefulSet "db",`,
			"and is DELETED in the storage system too. Fix: take another snapshot first, and wait until it is ready,",
			"or confirm it: stateward confirm volumesnapshot/night-1 delete -n shop --rules snapshot-last-copy",
		]),
		"warn",
		{"strict": "deny"},
	]] with input as _delete("alice", _snapshot("night-1", {})) with data.cluster as _cluster({}, {})
}

test_last_snapshot_of_a_claim_that_is_gone_is_kept if {
	world := object.union(_cluster({}, {}), {"statefulsets": null, "known": {"persistentvolumeclaims": true}})
	[finding.what | some finding in rule.report] == [concat(" ", [
		`snapshot "night-1" is the last ready one of claim "data-db-0", which no longer exists,`,
		"and is DELETED in the storage system too",
	])] with input as _delete("alice", _snapshot("night-1", {})) with data.cluster as world
}

test_other_snapshots_may_go[why] if {
	some why, world in {
		"there is another": {"volumesnapshots": {"shop": {"night-2": _snapshot("night-2", {})}}},
		"its content is retained": {"volumesnapshotcontents": {"night-1": _content("night-1", {"spec": {
			"deletionPolicy": "Retain",
		}})}},
		"the claim is of no set": {"statefulsets": null, "persistentvolumeclaims": {"shop": {"data-db-0": {}}}},
		"the claims are not known": {"statefulsets": null},
		"snapshots cannot be read": {"volumesnapshots": null},
	}
	rule.report == set() with input as _delete("alice", _snapshot("night-1", {}))
		with data.cluster as object.union(_cluster({}, {}), world)
}

test_snapshots_that_bring_nothing_back_may_go[why] if {
	some why, change in {
		"not ready": {"status": {"readyToUse": false}},
		"not of a claim": {"spec": {"source": {"persistentVolumeClaimName": null}}},
		"of a claim of no set": {"spec": {"source": {"persistentVolumeClaimName": "cache"}}},
	}
	rule.report == set() with input as _delete("alice", _snapshot("night-1", change))
		with data.cluster as _cluster(change, {})
}

test_programs_get_at_most_a_warning[username] if {
	some username in ["system:serviceaccount:velero:velero", "system:serviceaccount:kube-system:snapshot-controller"]
	[finding.advice | some finding in rule.report] == [true] with input as _delete(username, _snapshot("night-1", {}))
		with data.cluster as _cluster({}, {})
}

test_content_of_the_last_snapshot_is_kept[policy] if {
	some policy, expected in {
		"Delete": [false, "is DELETED in the storage system too"],
		"Retain": [true, `leaves snapshot "snap-1" in the storage system, to be found by hand`],
	}
	content := _content("night-1", {"spec": {"deletionPolicy": policy}})
	[[object.get(finding, "advice", false), finding.what] | some finding in rule.report] == [[expected[0], concat(" ", [
		`content "night-1" of snapshot shop/night-1, which is the last ready one of claim "data-db-0" of StatefulSet "db",`,
		expected[1],
	])]] with input as _delete("alice", content) with data.cluster as _cluster({}, {"night-1": content})
}

test_content_of_other_snapshots_may_go[why] if {
	some why, change in {
		"terminating": {"metadata": {"deletionTimestamp": "2026-11-23T11:00:00Z"}},
		"not ready": {"status": {"readyToUse": false}},
		"bound to another content": {"status": {"boundVolumeSnapshotContentName": "other"}},
	}
	rule.report == set() with input as _delete("alice", _content("night-1", {})) with data.cluster as _cluster(change, {})
}

test_last_content_without_a_snapshot_is_kept if {
	[[object.get(finding, "advice", false), finding.what] | some finding in rule.report] == [[false, concat(" ", [
		`content "night-1" is the last ready one of disk "disk-1" and has no VolumeSnapshot;`,
		"it is DELETED in the storage system too",
	])]] with input as _delete("alice", _content("night-1", {}))
		with data.cluster as object.union(_cluster({}, {}), {"volumesnapshots": null})
}

test_other_contents_without_a_snapshot_may_go[why] if {
	some why, contents in {
		"there is another": {"night-2": _content("night-2", {})},
		"contents cannot be read": {"night-1": null},
	}
	rule.report == set() with input as _delete("alice", _content("night-1", {})) with data.cluster as object.union(
		_cluster({}, {}),
		{"volumesnapshots": null, "volumesnapshotcontents": contents},
	)
}

test_content_beside_the_request_is_found if {
	rule.report == set() with input as [
		_delete("alice", _content("night-1", {})),
		_content("night-1", {}),
		_content("night-2", {}),
	]
}

# The storage system's snapshot of a volume, brought into a namespace by hand.
test_shared_snapshot_of_the_storage_is_kept[kind] if {
	some kind, deleted in {
		`snapshot "copy"`: _snapshot("copy", _imported_snapshot),
		`content "copy"`: _import("copy", "snap-1", {}),
	}
	[[object.get(finding, "advice", false), finding.what] | some finding in rule.report] == [[false, concat(" ", [
		sprintf(`%s is of the same snapshot "snap-1" in the storage system as content night-1,`, [kind]),
		"and is DELETED in the storage system too",
	])]] with input as _delete("alice", deleted) with data.cluster as _with_import("snap-1", {})
}

test_shared_snapshot_is_a_warning_for_programs if {
	[finding.advice | some finding in rule.report] == [true]
		with input as _delete("system:serviceaccount:velero:velero", _import("copy", "snap-1", {}))
		with data.cluster as _with_import("snap-1", {})
}

test_snapshot_of_an_unknown_disk_is_a_warning if {
	[[finding.advice, finding.what] | some finding in rule.report] == [[true, concat(" ", [
		`snapshot "copy" was made from snapshot "snap-9" in the storage system, whose disk is not known here,`,
		"and is DELETED in the storage system too",
	])]] with input as _delete("alice", _snapshot("copy", _imported_snapshot))
		with data.cluster as _with_import("snap-9", {})
}

test_imported_snapshots_may_go[why] if {
	some why, case in {
		"they are retained": ["alice", "snap-1", {"spec": {"deletionPolicy": "Retain"}}],
		"a program makes and deletes them": ["system:serviceaccount:velero:velero", "snap-9", {}],
		"they were never found": ["alice", "snap-9", {"status": {"readyToUse": false}}],
		"they are of another driver": [
			"system:serviceaccount:velero:velero",
			"snap-1",
			{"spec": {"driver": "other.example.com"}},
		],
	}
	rule.report == set() with input as _delete(case[0], _import("copy", case[1], case[2]))
		with data.cluster as _with_import(case[1], case[2])
}

test_content_of_an_imported_snapshot_that_is_terminating_may_go if {
	world := object.union(_with_import("snap-1", {}), {"volumesnapshots": {"shop": {"copy": object.union(
		_snapshot("copy", _imported_snapshot),
		{"metadata": {"deletionTimestamp": "2026-11-23T11:00:00Z"}},
	)}}})
	rule.report == set() with input as _delete("alice", _import("copy", "snap-1", {})) with data.cluster as world
}

test_imported_copy_of_another_time_is_another[handle] if {
	some handle, expected in {"snap-0": 0, "snap-1": 1}
	contents := {
		"night-0": _content("night-0", {}),
		"night-1": _content("night-1", {}),
		"copy": _import("copy", handle, {}),
	}
	world := object.union(_cluster({}, {}), {
		"volumesnapshots": {"shop": {"copy": _snapshot("copy", _imported_snapshot)}},
		"volumesnapshotcontents": contents,
		"persistentvolumeclaims": {"shop": {"data-db-0": {
			"metadata": {"namespace": "shop", "name": "data-db-0"},
			"spec": {"volumeName": "pv-0"},
		}}},
		"persistentvolumes": {"pv-0": {"spec": {"csi": {"volumeHandle": "disk-1"}}}},
	})
	count(rule.report) == expected with input as _delete("alice", _snapshot("night-1", {})) with data.cluster as world
}

test_last_snapshot_of_files_is_kept[why] if {
	some why, case in {
		"its class deletes": [
			{"delete": {"deletionPolicy": "Delete"}},
			`claim "data-db-0" of StatefulSet "db", and is DELETED in the storage system too`,
		],
		"nothing is known of its class": [
			{},
			`claim "data-db-0" of StatefulSet "db", and what becomes of it in the storage system is not known`,
		],
	}
	[[object.get(finding, "advice", false), finding.what] | some finding in rule.report] == [[
		false,
		sprintf(`snapshot "night-1" is the last one here of %s`, [case[1]]),
	]] with input as _removed("data-db-0")
		with data.cluster as {"statefulsets": _cluster({}, {}).statefulsets, "volumesnapshotclasses": case[0]}
}

test_last_snapshot_of_a_removed_set_is_kept if {
	[finding.what | some finding in rule.report] == [concat(" ", [
		`snapshot "night-1" is the last one here of claim "data-db-0",`,
		"and what becomes of it in the storage system is not known",
	])] with input as _removed("data-db-0")
}

test_other_snapshots_of_files_may_go[why] if {
	another := {"shop": {"night-2": _written("night-2", "data-db-0", {})}}
	some why, case in {
		"its class retains": ["data-db-0", {"volumesnapshotclasses": {"delete": {"deletionPolicy": "Retain"}}}],
		"there is another": ["data-db-0", {"volumesnapshots": another}],
		"it is of no set": ["cache", {}],
	}
	rule.report == set() with input as _removed(case[0]) with data.cluster as case[1]
}

test_snapshot_of_files_that_failed_or_of_another_claim_is_no_other if {
	failed := _written("night-2", "data-db-0", {"status": {"readyToUse": false}})
	count(rule.report) == 1 with input as _removed("data-db-0")
		with data.cluster as {"volumesnapshots": {"shop": {
			"night-2": failed,
			"night-3": _written("night-3", "data-db-1", {}),
		}}}
}

test_namespace_with_the_last_snapshots_of_lost_claims_is_kept if {
	world := object.union(_cluster({}, {}), {"known": {"persistentvolumeclaims": true}})
	[finding.what | some finding in rule.report] == [concat(" ", [
		`namespace "shop" holds the last ready snapshots of claims that no longer exist: data-db-0;`,
		"it DELETES them in the storage system too",
	])] with input as _delete("alice", _namespace) with data.cluster as world
}

test_namespace_with_many_snapshots_of_lost_claims_is_counted if {
	many := {name: _snapshot(name, {}) |
		some number in numbers.range(1, 51)
		name := sprintf("night-%d", [number])
	}
	world := {"known": {"persistentvolumeclaims": true}, "volumesnapshots": {"shop": many}}
	[[finding.severity, finding.what] | some finding in rule.report] == [["warn", concat(" ", [
		`namespace "shop" holds 51 ready snapshots of claims that no longer exist; it deletes them,`,
		"and in the storage system too where their deletion policy is Delete (not looked up for so many)",
	])]] with input as _delete("alice", _namespace) with data.cluster as world
}

test_other_namespaces_with_snapshots_may_go[why] if {
	known := {"known": {"persistentvolumeclaims": true}}
	some why, case in {
		"the claim exists": [{}, {}, {"persistentvolumeclaims": {"shop": {"data-db-0": {}}}}],
		"the claims are not known": [{}, {}, {"known": {"persistentvolumeclaims": false}}],
		"the content is retained": [{}, {"night-1": {"spec": {"deletionPolicy": "Retain"}}}, {}],
		"it is not ready": [{"status": {"readyToUse": false}}, {}, {}],
		"it is of no set": [{"spec": {"source": {"persistentVolumeClaimName": "cache"}}}, {}, {}],
	}
	world := object.union_n([_cluster(case[0], {}), known, {"volumesnapshotcontents": case[1]}, case[2]])
	rule.report == set() with input as _delete("alice", _namespace) with data.cluster as world
}

_namespace := {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}

# Two trees of files are compared, and the second lacks it.
_removed(claim) := object.union(_delete("", _written("night-1", claim, {})), {"stateward": {"planned": true}})

_written(name, claim, change) := object.union(
	{
		"apiVersion": "snapshot.storage.k8s.io/v1",
		"kind": "VolumeSnapshot",
		"metadata": {"name": name, "namespace": "shop"},
		"spec": {"volumeSnapshotClassName": "delete", "source": {"persistentVolumeClaimName": claim}},
	},
	change,
)

_imported_snapshot := {"spec": {"source": {
	"persistentVolumeClaimName": null,
	"volumeSnapshotContentName": "copy",
}}}

_import(name, handle, change) := object.union(
	{
		"apiVersion": "snapshot.storage.k8s.io/v1",
		"kind": "VolumeSnapshotContent",
		"metadata": {"name": name},
		"spec": {
			"deletionPolicy": "Delete",
			"driver": "disk.example.com",
			"source": {"snapshotHandle": handle},
			"volumeSnapshotRef": {"namespace": "shop", "name": name, "uid": name},
		},
		"status": {"readyToUse": true, "snapshotHandle": handle},
	},
	change,
)

_with_import(handle, change) := object.union(
	_cluster({}, {"copy": _import("copy", handle, change)}),
	{"volumesnapshots": {"shop": {"copy": _snapshot("copy", _imported_snapshot)}}},
)

_cluster(change, contents) := {
	"statefulsets": {"shop": {"db": {
		"metadata": {"name": "db", "namespace": "shop"},
		"spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]},
	}}},
	"volumesnapshots": {"shop": {"night-1": _snapshot("night-1", change)}},
	"volumesnapshotcontents": object.union({"night-1": _content("night-1", {})}, contents),
}

_snapshot(name, change) := object.union(
	{
		"apiVersion": "snapshot.storage.k8s.io/v1",
		"kind": "VolumeSnapshot",
		"metadata": {"name": name, "namespace": "shop", "uid": name},
		"spec": {"source": {"persistentVolumeClaimName": "data-db-0"}},
		"status": {"readyToUse": true, "boundVolumeSnapshotContentName": name},
	},
	change,
)

_content(name, change) := object.union(
	{
		"apiVersion": "snapshot.storage.k8s.io/v1",
		"kind": "VolumeSnapshotContent",
		"metadata": {"name": name},
		"spec": {
			"deletionPolicy": "Delete",
			"driver": "disk.example.com",
			"source": {"volumeHandle": "disk-1"},
			"volumeSnapshotRef": {"namespace": "shop", "name": name, "uid": name},
		},
		"status": {"readyToUse": true, "snapshotHandle": replace(name, "night", "snap")},
	},
	change,
)

_delete(username, old) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {
		"operation": "DELETE",
		"kind": {"group": trim_suffix(trim_suffix(old.apiVersion, "v1"), "/"), "kind": old.kind},
		"resource": {"resource": sprintf("%ss", [lower(old.kind)])},
		"userInfo": {"username": username},
		"oldObject": old,
	},
}
