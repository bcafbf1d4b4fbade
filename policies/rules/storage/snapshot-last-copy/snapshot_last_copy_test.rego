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
			"source": {"volumeHandle": "disk-1"},
			"volumeSnapshotRef": {"namespace": "shop", "name": name, "uid": name},
		},
		"status": {"readyToUse": true, "snapshotHandle": "snap-1"},
	},
	change,
)

_delete(username, old) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {
		"operation": "DELETE",
		"kind": {"group": "snapshot.storage.k8s.io", "kind": old.kind},
		"resource": {"resource": sprintf("%ss", [lower(old.kind)])},
		"userInfo": {"username": username},
		"oldObject": old,
	},
}
