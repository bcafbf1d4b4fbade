package stateward.lib.backups_test

import data.stateward.lib.backups

_now := {"time": "2026-11-23T12:00:00Z"}

_night := {
	"metadata": {"namespace": "velero", "name": "night"},
	"spec": {"includedNamespaces": ["*"]},
	"status": {
		"phase": "Completed",
		"startTimestamp": "2026-11-23T02:00:00Z",
		"expiration": "2026-12-23T02:00:00Z",
		"csiVolumeSnapshotsCompleted": 3,
	},
}

test_newest_of_several_is_found if {
	evening := object.union(_night, {
		"metadata": {"name": "evening"},
		"status": {"startTimestamp": "2026-11-22T18:00:00Z"},
	})
	backups.newest(_now, "db") == {"name": "night", "made": 1795399200000000000, "seconds": 36000}
		with data.cluster.backups as {"velero": {"night": _night, "evening": evening}}
}

test_clocks_that_differ_a_little_make_no_future if {
	backups.newest({"time": "2026-11-23T01:59:50Z"}, "db").seconds == 0
		with data.cluster.backups as {"velero": {"night": _night}}
}

test_what_holds_the_volumes_counts[how] if {
	some how, change in {
		"snapshots of plugins": {"status": {"csiVolumeSnapshotsCompleted": 0, "volumeSnapshotsCompleted": 1}},
		"files": {"spec": {"defaultVolumesToFsBackup": true}, "status": {"csiVolumeSnapshotsCompleted": 0}},
		"moved snapshots": {
			"spec": {"snapshotMoveData": true},
			"status": {"csiVolumeSnapshotsCompleted": 0, "backupItemOperationsCompleted": 1},
		},
		"one namespace": {"spec": {"includedNamespaces": ["db"]}},
		"all namespaces": {"spec": {"includedNamespaces": []}},
		"claims by name": {"spec": {"includedResources": ["pvc"], "excludedResources": ["secrets"]}},
	}
	backups.newest(_now, "db") with data.cluster.backups as {"velero": {"night": object.union(_night, change)}}
}

test_what_may_hold_nothing_is_none[why] if {
	some why, change in {
		"it failed": {"status": {"phase": "PartiallyFailed"}},
		"it is deleted": {"metadata": {"deletionTimestamp": "2026-11-23T11:00:00Z"}},
		"it has expired": {"status": {"expiration": "2026-11-23T11:00:00Z"}},
		"its time is not known": {"status": {"startTimestamp": null}},
		"no volumes": {"status": {"csiVolumeSnapshotsCompleted": 0}},
		"nothing was moved": {"spec": {"snapshotMoveData": true}, "status": {"csiVolumeSnapshotsCompleted": 0}},
		"another namespace": {"spec": {"includedNamespaces": ["web"]}},
		"all but this namespace": {"spec": {"excludedNamespaces": ["db"]}},
		"other resources": {"spec": {"includedResources": ["secrets"]}},
		"all but claims": {"spec": {"excludedResources": ["persistentvolumeclaims"]}},
		"all but what is in namespaces": {"spec": {"excludedNamespaceScopedResources": ["*"]}},
		"what has a label": {"spec": {"labelSelector": {"matchLabels": {"backup": "yes"}}}},
		"what has one of the labels": {"spec": {"orLabelSelectors": [{"matchLabels": {"backup": "yes"}}]}},
	}
	not backups.newest(_now, "db") with data.cluster.backups as {"velero": {"night": object.union(_night, change)}}
}

test_claims_that_are_younger_were_not_seen if {
	backups.has_seen({"made": 1795399200000000000}, {"metadata": {"creationTimestamp": "2026-11-22T00:00:00Z"}})
	not backups.has_seen({"made": 1795399200000000000}, {"metadata": {"creationTimestamp": "2026-11-23T03:00:00Z"}})
}
