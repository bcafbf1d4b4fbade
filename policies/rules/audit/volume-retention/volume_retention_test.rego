package stateward.rules.audit["volume-retention_test"]

import data.stateward.rules.audit["volume-retention"] as rule

test_volumes_that_go_are_said if {
	{finding.msg | some finding in rule.report} == {concat(" ", [
		"[volume-retention] spec.volumeClaimTemplates[0]: the reclaim policy Delete of the volumes of www-web-0 deletes the",
		"data with the claim. Fix: set persistentVolumeReclaimPolicy of these volumes to Retain, or keep it if there is a",
		"backup of the data.",
	])} with input as _set({}) with data.cluster as _cluster("Delete")
}

test_volumes_that_stay_are_fine if {
	rule.report == set() with input as _set({}) with data.cluster as _cluster("Retain")
}

test_claim_with_a_fresh_snapshot_is_fine[taken] if {
	some taken, reported in {"2026-11-21T12:00:00Z": 0, "2026-11-21T11:59:59Z": 1}
	count(rule.report) == reported with input as _set({}) with data.cluster as object.union(_cluster("Delete"), {
		"volumesnapshots": {"default": {"night": {
			"metadata": {"name": "night", "uid": "1"},
			"spec": {"source": {"persistentVolumeClaimName": "www-web-0"}},
			"status": {"readyToUse": true, "creationTime": taken, "boundVolumeSnapshotContentName": "night"},
		}}},
		"volumesnapshotcontents": {"night": {
			"metadata": {"name": "night"},
			"spec": {"volumeSnapshotRef": {"uid": "1"}},
			"status": {"readyToUse": true},
		}},
	})
}

test_set_that_deletes_its_claims_is_fine if {
	rule.report == set() with input as _set({"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}})
		with data.cluster as _cluster("Delete")
}

_set(spec) := _audit("StatefulSet", "apps", {
	"metadata": {"name": "web"},
	"spec": object.union({"replicas": 1, "volumeClaimTemplates": [{"metadata": {"name": "www"}}]}, spec),
})

_cluster(policy) := {
	"persistentvolumeclaims": {"default": {"www-web-0": {
		"metadata": {"name": "www-web-0"},
		"spec": {"volumeName": "pv-0"},
	}}},
	"persistentvolumes": {"pv-0": {"spec": {"persistentVolumeReclaimPolicy": policy}}},
}

_audit(kind, group, value) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {"operation": "AUDIT", "kind": {"group": group, "kind": kind}, "namespace": "default", "object": value},
}
