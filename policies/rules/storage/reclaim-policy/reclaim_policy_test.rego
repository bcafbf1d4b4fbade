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

_update(user, old, new) := _request(user, {"operation": "UPDATE", "kind": _kind(old), "oldObject": old, "object": new})

_kind(value) := {"group": "", "kind": value.kind}

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
