package stateward.rules.delete["namespace-delete_test"]

import data.stateward.rules.delete["namespace-delete"] as rule

test_empty_namespace_may_go if {
	rule.report == set() with input as _delete({})
}

test_stopped_sets_and_other_claims_are_no_reason if {
	rule.report == set() with input as _delete({})
		with data.cluster.statefulsets as {"shop": {"web": _sts(0)}}
		with data.cluster.persistentvolumeclaims as {"shop": {
			"cache": _claim("cache", "Bound", "pv-a"),
			"www-web-0": _claim("www-web-0", "Pending", ""),
		}}
}

test_state_elsewhere_is_no_reason if {
	rule.report == set() with input as _delete({}) with data.cluster.statefulsets as {"other": {"web": _sts(3)}}
}

test_inventory_is_complete if {
	expected := _message(concat("; ", [
		"1 running StatefulSet and 2 bound claims, 1 with a disk that is DELETED with it",
		"nothing known here brings back www-web-0",
	]))
	{finding.msg | some finding in rule.report} == {expected}
		with input as _delete({})
		with data.cluster.statefulsets as {"shop": {"web": _sts(3)}}
		with data.cluster.persistentvolumeclaims as _claims
		with data.cluster.persistentvolumes as {"pv-0": _volume("Delete"), "pv-1": _volume("Retain")}
}

test_claims_alone_are_a_reason if {
	{finding.msg | some finding in rule.report} == {_message("2 bound claims, whose disks are kept")}
		with input as _delete({})
		with data.cluster.persistentvolumeclaims as _claims
		with data.cluster.persistentvolumes as {"pv-0": _volume("Retain"), "pv-1": _volume("Retain")}
}

test_unknown_disks_are_called_unknown if {
	expected := _message(concat("; ", [
		"2 bound claims, and what happens to the disks is unknown",
		"nothing known here brings back www-web-0, www-web-1",
	]))
	{finding.msg | some finding in rule.report} == {expected}
		with input as _delete({})
		with data.cluster.persistentvolumeclaims as _claims
}

test_disks_that_are_recycled_are_wiped if {
	expected := _message(concat("; ", [
		"2 bound claims, and the files of disks with the reclaim policy Recycle are DELETED",
		"nothing known here brings back www-web-1",
	]))
	{finding.msg | some finding in rule.report} == {expected}
		with input as _delete({})
		with data.cluster.persistentvolumeclaims as _claims
		with data.cluster.persistentvolumes as {"pv-0": _volume("Retain"), "pv-1": _volume("Recycle")}
}

test_sets_alone_are_a_reason if {
	{finding.msg | some finding in rule.report} == {_message("2 running StatefulSets")}
		with input as _delete({})
		with data.cluster.statefulsets as {"shop": {"web": _sts(1), "db": _sts(3)}}
}

test_confirmation_is_seen if {
	marks := {
		"stateward.dev/confirm": "delete",
		"stateward.dev/confirm-rules": "namespace-delete",
		"stateward.dev/confirm-until": "2026-11-23T12:10:00Z",
		"stateward.dev/confirmed-by": "alice",
	}
	[finding.confirmed | some finding in rule.report] == [true] with input as _delete(marks)
		with data.cluster.statefulsets as {"shop": {"web": _sts(3)}}
}

_message(inventory) := concat(" ", [
	sprintf(`[namespace-delete] metadata.name: namespace "shop" holds %s.`, [inventory]),
	"Fix: delete its StatefulSets and claims first, or confirm it: kubectl annotate namespace shop --overwrite",
	"--field-manager=stateward-confirm",
	"stateward.dev/confirm=delete stateward.dev/confirm-rules=namespace-delete stateward.dev/confirm-for=10m",
])

_claims := {"shop": {
	"www-web-0": _claim("www-web-0", "Bound", "pv-0"),
	"www-web-1": _claim("www-web-1", "Bound", "pv-1"),
}}

_claim(name, phase, volume) := {
	"metadata": {"name": name, "namespace": "shop"},
	"spec": {"volumeName": volume},
	"status": {"phase": phase},
}

_volume(policy) := {"spec": {"persistentVolumeReclaimPolicy": policy}}

_sts(replicas) := {"metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": replicas}}

_delete(marks) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {
		"operation": "DELETE",
		"kind": {"group": "", "kind": "Namespace"},
		"name": "shop",
		"namespace": "shop",
		"userInfo": {"username": "alice"},
		"oldObject": {
			"apiVersion": "v1",
			"kind": "Namespace",
			"metadata": {"name": "shop", "annotations": marks},
		},
	},
}

test_snapshots_that_outlive_the_namespace_soften[name] if {
	some name, advice in {"www-web-0": true, "cache": false}
	claims := {claim: _claim(claim, "Bound", claim) | some claim in {"www-web-0", name}}
	[[object.get(finding, "advice", false), finding.what] | some finding in rule.report] == [[advice, concat("; ", [
		`namespace "shop" holds 1 bound claim, 1 with a disk that is DELETED with it`,
		"snapshots with deletion policy Retain bring back www-web-0, each as of its own time",
	])]] with input as _delete({})
		with data.cluster as object.union(_snapshots("shop", ["www-web-0"]), {"persistentvolumeclaims": {"shop": claims}})
		with data.kind as "Guardrails"
		with data.spec as _within("namespace-delete", "24h")
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
				"deletionPolicy": "Retain",
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
