package stateward.rules.storage["reclaim-policy_test"]

import data.stateward.rules.storage["reclaim-policy"] as rule

test_turn_to_recycle_wipes_the_disk if {
	before := _volume({}, {"persistentVolumeReclaimPolicy": "Retain"})
	after := _volume({}, {"persistentVolumeReclaimPolicy": "Recycle"})
	[finding.what | some finding in rule.report] == [concat("", [
		"with Recycle all files on the disk are DELETED ",
		`together with claim "data-web-0" in namespace default`,
	])] with input as _update("alice", before, after) with data.cluster.persistentvolumeclaims as _claims
}

test_turn_to_delete_is_a_warning_and_strict_denies_it if {
	before := _volume({}, {"persistentVolumeReclaimPolicy": "Retain"})
	after := _volume({}, {"persistentVolumeReclaimPolicy": "Delete"})
	[[finding.what, finding.severity, finding.profile] | some finding in rule.report] == [[
		`with Delete the disk is DELETED together with claim "data-web-0" in namespace default`,
		"warn",
		{"strict": "deny"},
	]] with input as _update("alice", before, after) with data.cluster.persistentvolumeclaims as _claims
	rule.report == set() with input as _update("alice", after, before)
		with data.cluster.persistentvolumeclaims as _claims
}

test_released_volume_is_lost_at_once[policy] if {
	some policy, loss in {"Delete": "the disk is DELETED", "Recycle": "all files on the disk are DELETED"}
	after := object.union(_released, {"spec": {"persistentVolumeReclaimPolicy": policy}})
	[[finding.what, finding.severity] | some finding in rule.report] == [[
		sprintf(`with %s %s at once: its claim "data-web-0" in namespace default is gone`, [policy, loss]),
		"warn",
	]] with input as _update("alice", _released, after)
	rule.report == set() with input as _update("alice", _available, after)
	free := json.remove(after, ["spec/claimRef"])
	rule.report == set() with input as _update("alice", _released, free)
}

test_released_volume_that_stays_retained_is_fine if {
	labelled := object.union(_released, {"metadata": {"labels": {"a": "b"}}})
	rule.report == set() with input as _update("alice", _released, labelled)
}

_available := object.union(_released, {"status": {"phase": "Available"}})

_released := object.union(
	_volume({}, {"persistentVolumeReclaimPolicy": "Retain"}),
	{"status": {"phase": "Released"}},
)

_update(user, old, new) := _request(user, {"operation": "UPDATE", "kind": _kind(old), "oldObject": old, "object": new})

_kind(value) := {"group": group, "kind": value.kind} if {
	[group, _] := split(value.apiVersion, "/")
} else := {"group": "", "kind": value.kind}

_request(user, request) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": object.union(request, {"userInfo": {"username": user}}),
}

_volume(metadata, spec) := {
	"apiVersion": "v1",
	"kind": "PersistentVolume",
	"metadata": object.union({"name": "pv-1"}, metadata),
	"spec": object.union({"claimRef": {"namespace": "default", "name": "data-web-0", "uid": "1"}}, spec),
}

_claim(metadata) := {
	"apiVersion": "v1",
	"kind": "PersistentVolumeClaim",
	"metadata": object.union({"name": "data-web-0", "namespace": "default", "uid": "1"}, metadata),
}

_claims := {"default": {"data-web-0": _claim({})}}

test_snapshot_that_is_no_longer_retained_is_reported[name] if {
	some name, expected in {
		"of a VolumeSnapshot": [{"default": {"night-1": _snapshot({})}}, "VolumeSnapshot default/night-1"],
		"of another snapshot": [{"default": {"night-1": _snapshot({"uid": "other"})}}, "this content"],
		"of none that is known": [{}, "this content"],
	}
	[[finding.what, finding.field] | some finding in rule.report] == [[
		sprintf("with Delete the snapshot in the storage system is DELETED together with %s", [expected[1]]),
		"spec.deletionPolicy",
	]] with input as _update("alice", _content({}), _content({"spec": {"deletionPolicy": "Delete"}}))
		with data.cluster.volumesnapshots as expected[0]
}

test_service_account_gets_at_most_a_warning_about_a_snapshot if {
	request := _update("alice", _content({}), _content({"spec": {"deletionPolicy": "Delete"}}))
	[finding.profile | some finding in rule.report; not finding.advice] == [{"strict": "deny"}] with input as request
	program := {"request": {"userInfo": {"username": "system:serviceaccount:velero:velero"}}}
	[true | some finding in rule.report; finding.advice] == [true] with input as object.union(request, program)
}

test_snapshot_that_is_worth_nothing_or_stays_retained_is_left_alone[why] if {
	some why, change in {
		"still retained": [{}, {}, {}],
		"retained from now on": [{"spec": {"deletionPolicy": "Delete"}}, {"spec": {"deletionPolicy": "Retain"}}, {}],
		"failed": [{"status": {"readyToUse": false}}, {"spec": {"deletionPolicy": "Delete"}}, {}],
		"terminating": [_terminating, {"spec": {"deletionPolicy": "Delete"}}, {}],
		"its VolumeSnapshot is terminating": [{}, {"spec": {"deletionPolicy": "Delete"}}, _terminating.metadata],
	}
	rule.report == set() with input as _update("alice", _content(change[0]), _content(object.union(change[0], change[1])))
		with data.cluster.volumesnapshots as {"default": {"night-1": _snapshot(change[2])}}
}

_terminating := {"metadata": {"deletionTimestamp": "2026-11-23T11:59:00Z"}}

_content(change) := object.union(
	{
		"apiVersion": "snapshot.storage.k8s.io/v1",
		"kind": "VolumeSnapshotContent",
		"metadata": {"name": "content-night-1"},
		"spec": {
			"deletionPolicy": "Retain",
			"volumeSnapshotRef": {"namespace": "default", "name": "night-1", "uid": "uid-night-1"},
		},
		"status": {"readyToUse": true},
	},
	change,
)

_snapshot(metadata) := {"metadata": object.union(
	{"namespace": "default", "name": "night-1", "uid": "uid-night-1"},
	metadata,
)}
