package stateward.lib.recovery_test

import data.stateward.lib.recovery

_now := {"time": "2026-11-23T12:00:00Z"}

test_disk_says_what_brings_the_data_back[name] if {
	some name, expected in {
		"kept-0": `its disk is kept (reclaim policy Retain)`,
		"lost-0": `its disk and the data are DELETED with it; nothing known here brings the data back`,
		"wiped-0": concat("; ", [
			`all files on its disk are DELETED with it (reclaim policy Recycle)`,
			`nothing known here brings the data back`,
		]),
		"dark-0": `what happens to its disk is unknown`,
		"saved-0": concat("; ", [
			`its disk and the data are DELETED with it`,
			`snapshot "saved-0" of 2 hours ago (deletion policy Retain) brings the data of that time back`,
		]),
	}
	recovery.disk(_now, _claim(name)) == expected with data.cluster as _cluster
}

test_snapshot_of_an_unknown_age_has_none if {
	recovery.disk({"time": ""}, _claim("saved-1")) == concat("; ", [
		"its disk and the data are DELETED with it",
		`snapshot "saved-1" (deletion policy Delete) brings the data of that time back`,
	]) with data.cluster as _cluster
}

test_snapshot_that_is_not_ready_is_named[policy] if {
	some policy, told in {
		"Delete": "nothing known here brings back lost-0",
		"Retain": "snapshots bring back lost-0 once they are ready",
	}
	world := object.union(_cluster, {
		"volumesnapshots": {"db": {"night": {
			"metadata": {"name": "night"},
			"spec": {"volumeSnapshotClassName": "nightly", "source": {"persistentVolumeClaimName": "lost-0"}},
		}}},
		"volumesnapshotclasses": {"nightly": {"deletionPolicy": policy}},
	})
	recovery.disk(_now, _claim("lost-0")) == concat("; ", [
		"its disk and the data are DELETED with it",
		sprintf(`snapshot "night" (deletion policy %s) brings the data of its time back once it is ready`, [policy]),
	]) with data.cluster as world
	recovery.disk(_now, _claim("lost-0")) == concat("; ", [
		"what happens to its disk is unknown",
		sprintf(`snapshot "night" (deletion policy %s) brings the data of its time back once it is ready`, [policy]),
	]) with data.cluster as object.remove(world, ["persistentvolumes"])
	recovery.ways(_now, [_claim("lost-0")], false) == "; snapshots bring back lost-0 once they are ready"
		with data.cluster as world
	recovery.ways(_now, [_claim("lost-0")], true) == sprintf("; %s", [told]) with data.cluster as world
	recovery.level(_set({"snapshotWithin": "24h"}), _now, [_claim("lost-0")], false) == "deny" with data.cluster as world
}

test_snapshot_of_an_unknown_disk_is_named if {
	recovery.disk(_now, _claim("strange-0")) == concat("; ", [
		"what happens to its disk is unknown",
		`snapshot "strange-0" of 2 hours ago (deletion policy Retain) brings the data of that time back`,
	]) with data.cluster as _cluster
}

test_ways_name_every_claim if {
	claims := [_claim(name) | some name in ["kept-0", "lost-0", "dark-0", "saved-0", "saved-1"]]
	recovery.ways(_now, claims, false) == concat("; ", [
		"",
		"reclaim policy Retain keeps the disks of kept-0",
		"snapshots bring back saved-0, saved-1, each as of its own time",
		"nothing known here brings back lost-0, dark-0",
	]) with data.cluster as _cluster
	recovery.ways(_now, claims, true) == concat("; ", [
		"",
		"reclaim policy Retain keeps the disks of kept-0",
		"snapshots with deletion policy Retain bring back saved-0, each as of its own time",
		"nothing known here brings back lost-0, dark-0, saved-1",
	]) with data.cluster as _cluster
	recovery.ways(_now, [], true) == ""
}

test_backup_may_hold_what_is_lost if {
	told := concat("", [
		`Velero backup "night" of 10 hours ago is of this namespace: `,
		"`velero backup describe night --details` says whether it holds %s",
	])
	seen := object.union(_claim("lost-0"), {"metadata": {"creationTimestamp": "2026-11-20T00:00:00Z"}})
	recovery.disk(_now, seen) == sprintf("its disk and the data are DELETED with it; %s", [sprintf(told, ["the disk"])])
		with data.cluster as _cluster with data.cluster.backups as _backups
	young := object.union(_claim("dark-0"), {"metadata": {"creationTimestamp": "2026-11-23T11:00:00Z"}})
	recovery.ways(_now, [seen, young], false) == sprintf("; %s; nothing known here brings back dark-0", [
		sprintf(told, ["lost-0"]),
	]) with data.cluster as _cluster with data.cluster.backups as _backups
	recovery.ways(_now, [young], false) == "; nothing known here brings back dark-0"
		with data.cluster as _cluster with data.cluster.backups as _backups
}

_backups := {"velero": {"night": {
	"metadata": {"name": "night"},
	"spec": {},
	"status": {
		"phase": "Completed",
		"startTimestamp": "2026-11-23T02:00:00Z",
		"expiration": "2026-12-23T02:00:00Z",
		"volumeSnapshotsCompleted": 1,
	},
}}}

test_many_claims_are_not_looked_up if {
	claims := [_claim("saved-0") | some _ in numbers.range(0, 50)]
	recovery.ways(_now, claims, false) == "; the snapshots of so many claims are not looked up"
	recovery.level(_set({"snapshotWithin": "24h"}), _now, claims, false) == "deny" with data.cluster as _cluster
}

test_fresh_snapshots_of_every_claim_soften[within] if {
	claims := [_claim("saved-0"), _claim("saved-1")]
	some within, level in {"24h": "warn", "2h": "warn", "1h30m": "deny", "0.5h": "deny", "1d": "deny", "": "deny"}
	recovery.level(_set({"snapshotWithin": within}), _now, claims, false) == level with data.cluster as _cluster
}

test_other_claims_do_not_soften[why] if {
	some why, case in {
		"no claims": [[], false, {"snapshotWithin": "24h"}],
		"one without a snapshot": [[_claim("saved-0"), _claim("lost-0")], false, {"snapshotWithin": "24h"}],
		"its content goes with its namespace": [[_claim("saved-1")], true, {"snapshotWithin": "24h"}],
		"its disk is not known": [[_claim("strange-0")], false, {"snapshotWithin": "24h"}],
		"no parameter": [[_claim("saved-0")], false, {}],
		"snapshots of that driver die with their volume": [
			[_claim("saved-0")],
			false,
			{"snapshotWithin": "24h", "dependentDrivers": ["disk.example.com"]},
		],
	}
	recovery.level(_set(case[2]), _now, case[0], case[1]) == "deny" with data.cluster as _cluster
}

test_retained_content_softens_for_namespaces if {
	settings := {"snapshotWithin": "24h", "dependentDrivers": ["other"]}
	recovery.level(_set(settings), _now, [_claim("saved-0")], true) == "warn" with data.cluster as _cluster
}

test_newer_snapshot_that_is_deleted_hides_no_retained_one if {
	newer := {
		"volumesnapshots": {"db": {"nightly": {
			"metadata": {"name": "nightly", "uid": "nightly"},
			"spec": {"source": {"persistentVolumeClaimName": "saved-0"}},
			"status": {
				"readyToUse": true,
				"creationTime": "2026-11-23T11:00:00Z",
				"boundVolumeSnapshotContentName": "nightly",
			},
		}}},
		"volumesnapshotcontents": {"nightly": {
			"metadata": {"name": "nightly"},
			"spec": {
				"deletionPolicy": "Delete",
				"driver": "disk.example.com",
				"source": {"volumeHandle": "saved-0"},
				"volumeSnapshotRef": {"uid": "nightly"},
			},
			"status": {"readyToUse": true},
		}},
	}
	world := object.union(_cluster, newer)
	recovery.ways(_now, [_claim("saved-0")], true) == concat("; ", [
		"",
		"snapshots with deletion policy Retain bring back saved-0, each as of its own time",
	]) with data.cluster as world
	every within, levels in {"24h": ["warn", "warn"], "90m": ["warn", "deny"]} {
		every index, kept in [false, true] {
			recovery.level(_set({"snapshotWithin": within}), _now, [_claim("saved-0")], kept) == levels[index]
				with data.cluster as world
		}
	}
}

_set(settings) := [{
	"path": ["rules", "some-rule"],
	"annotations": {"scope": "package", "custom": {"params": {"recovery": {"default": settings}}}},
}]

_claim(name) := {"metadata": {"namespace": "db", "name": name}, "spec": {"volumeName": name}}

_cluster := {
	"volumesnapshots": {"db": {name: snapshot |
		some name in ["saved-0", "saved-1", "strange-0"]
		snapshot := {
			"metadata": {"name": name, "uid": name},
			"spec": {"source": {"persistentVolumeClaimName": name}},
			"status": {
				"readyToUse": true,
				"creationTime": "2026-11-23T10:00:00Z",
				"boundVolumeSnapshotContentName": name,
			},
		}
	}},
	"volumesnapshotcontents": {name: content |
		some name, policy in {"saved-0": "Retain", "saved-1": "Delete", "strange-0": "Retain"}
		content := {
			"metadata": {"name": name},
			"spec": {
				"deletionPolicy": policy,
				"driver": "disk.example.com",
				"source": {"volumeHandle": name},
				"volumeSnapshotRef": {"uid": name},
			},
			"status": {"readyToUse": true},
		}
	},
	"persistentvolumes": {name: volume |
		some name, policy in {
			"kept-0": "Retain",
			"lost-0": "Delete",
			"wiped-0": "Recycle",
			"saved-0": "Delete",
			"saved-1": "Delete",
		}
		volume := {"spec": {"persistentVolumeReclaimPolicy": policy, "csi": {"volumeHandle": name}}}
	},
}
