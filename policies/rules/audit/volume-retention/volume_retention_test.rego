package stateward.rules.audit["volume-retention_test"]

import data.stateward.rules.audit["volume-retention"] as rule

test_volumes_that_go_are_said if {
	{finding.msg | some finding in rule.report} == {concat(" ", [
		"[volume-retention] spec.volumeClaimTemplates[0]: the reclaim policy Delete of the volumes of www-web-0 deletes the",
		"data with the claim. Fix: set persistentVolumeReclaimPolicy of these volumes to Retain, or keep it if there is a",
		"backup of the data.",
	])} with input as _set({}) with data.cluster as _cluster("Delete")
}

test_backup_of_the_namespace_is_named[made] if {
	some made, named in {"2026-11-20T00:00:00Z": true, "2026-11-23T11:00:00Z": false}
	world := object.union(_cluster("Delete"), {
		"persistentvolumeclaims": {"default": {"www-web-0": {"metadata": {"creationTimestamp": made}}}},
		"backups": {"velero": {"night": {
			"metadata": {"name": "night"},
			"spec": {},
			"status": {
				"phase": "Completed",
				"startTimestamp": "2026-11-23T02:00:00Z",
				"expiration": "2026-12-23T02:00:00Z",
				"volumeSnapshotsCompleted": 1,
			},
		}}},
	})
	[named] == [contains(finding.msg, _told) | some finding in rule.report] with input as _set({})
		with data.cluster as world
}

_told := concat(" ", [
	`deletes the data with the claim; Velero backup "night" of 10 hours ago is of this namespace:`,
	"`velero backup describe night --details` says whether it holds www-web-0. Fix:",
])

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
