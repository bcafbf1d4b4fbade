package stateward.rules.storage["volume-in-use_test"]

import data.stateward.rules.storage["volume-in-use"] as rule

test_deletion_of_a_bound_volume_is_denied if {
	[[finding.msg, finding.severity] | some finding in rule.report] == [[
		concat(" ", [
			`[volume-in-use] metadata.name: volume "pv-1" holds the data of claim "data-web-0" in namespace default;`,
			"nothing known here brings back data-web-0.",
			"Fix: delete the claim first, if its data may go, or confirm it: kubectl annotate persistentvolume pv-1",
			"--overwrite --field-manager=stateward-confirm stateward.dev/confirm=delete",
			"stateward.dev/confirm-rules=volume-in-use stateward.dev/confirm-for=10m",
		]),
		"deny",
	]] with input as _delete("alice", _volume({}, {}))
		with data.cluster.persistentvolumeclaims as _claims
}

test_volume_without_its_claim_may_go[spec] if {
	some spec in [
		{"claimRef": null},
		{"claimRef": {"namespace": "default", "name": "data-web-0", "uid": "old"}},
		{"claimRef": {"namespace": "default", "name": "gone", "uid": "1"}},
	]
	rule.report == set() with input as _delete("alice", _volume({}, spec))
		with data.cluster.persistentvolumeclaims as _claims
}

test_controllers_may_delete_volumes if {
	rule.report == set()
		with input as _delete("system:serviceaccount:kube-system:persistent-volume-binder", _volume({}, {}))
		with data.cluster.persistentvolumeclaims as _claims
}

_delete(user, old) := _request(user, {"operation": "DELETE", "kind": _kind(old), "oldObject": old})

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

test_fresh_snapshot_softens[longest] if {
	claim := object.union(_claim({}), {"spec": {"volumeName": "data-web-0"}})
	some longest, advice in {"24h": true, "1h": false}
	[[object.get(finding, "advice", false), finding.what] | some finding in rule.report] == [[advice, concat("; ", [
		`volume "pv-1" holds the data of claim "data-web-0" in namespace default`,
		"snapshots bring back data-web-0, each as of its own time",
	])]] with input as _delete("alice", _volume({}, {}))
		with data.cluster as object.union(
			_snapshots("default", ["data-web-0"]),
			{"persistentvolumeclaims": {"default": {"data-web-0": claim}}},
		)
		with data.kind as "Guardrails"
		with data.spec as _within("volume-in-use", longest)
}

_snapshots(namespace, names) := {
	"volumesnapshots": {namespace: {name: snapshot |
		some name in names
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
		some name in names
		content := {
			"metadata": {"name": name},
			"spec": {
				"deletionPolicy": "Delete",
				"driver": "disk.example.com",
				"source": {"volumeHandle": name},
				"volumeSnapshotRef": {"uid": name},
			},
			"status": {"readyToUse": true},
		}
	},
	"persistentvolumes": {name: volume |
		some name in names
		volume := {"spec": {"persistentVolumeReclaimPolicy": "Delete", "csi": {"volumeHandle": name}}}
	},
}

_within(rule_id, longest) := {"rules": [{"id": rule_id, "params": {"recovery": {"snapshotWithin": longest}}}]}

test_volume_of_a_file_is_bound_by_the_name_of_its_claim if {
	unbound := {"claimRef": {"namespace": "default", "name": "data-web-0"}}
	file := json.remove(_claims, ["/default/data-web-0/metadata/uid"])
	count(rule.report) == 1 with data.cluster.persistentvolumeclaims as file
		with input as _delete("alice", json.remove(_volume({}, unbound), ["/spec/claimRef/uid"]))
	rule.report == set() with data.cluster.persistentvolumeclaims as _claims
		with input as _delete("alice", json.remove(_volume({}, unbound), ["/spec/claimRef/uid"]))
}
