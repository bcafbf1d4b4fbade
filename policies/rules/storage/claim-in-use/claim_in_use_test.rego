package stateward.rules.storage["claim-in-use_test"]

import data.stateward.rules.storage["claim-in-use"] as rule

test_claim_of_nobody_may_go[name] if {
	some name in ["cache", "www-web", "www-web-", "www-web-x", "www-web-01", "www-other-0", "log-web-0", "www-web-0-old"]
	rule.report == set() with input as _delete(name) with data.cluster.statefulsets as _sets(_set)
}

test_claim_of_a_pod_in_range_is_denied[name] if {
	some name, pod in {"www-web-0": "web-0", "www-web-2": "web-2"}
	{finding.msg | some finding in rule.report} == {_message(name, pod, "what happens to its disk is unknown")}
		with input as _delete(name)
		with data.cluster.statefulsets as _sets(_set)
}

test_disk_is_told[policy] if {
	some policy, disk in {
		"Delete": "its disk and the data are DELETED with it; nothing known here brings the data back",
		"Retain": "its disk is kept (reclaim policy Retain)",
	}
	{finding.msg | some finding in rule.report} == {_message("www-web-0", "web-0", disk)}
		with input as _delete("www-web-0")
		with data.cluster.statefulsets as _sets(_set)
		with data.cluster.persistentvolumes as {"pv-0": {"spec": {"persistentVolumeReclaimPolicy": policy}}}
}

test_claim_without_a_volume_may_go[text] if {
	some text, expected in {
		"never bound": [{"status": {"phase": "Pending"}}, 0],
		"names a volume": [{"status": {"phase": "Pending"}, "spec": {"volumeName": "pv-0"}}, 1],
		"bound": [{"status": {"phase": "Bound"}, "spec": {"volumeName": "pv-0"}}, 1],
		"its volume is lost": [{"status": {"phase": "Lost"}, "spec": {"volumeName": "pv-0"}}, 1],
	}
	claim := object.union(_bare, {"request": {"oldObject": expected[0]}})
	count(rule.report) == expected[1] with input as claim with data.cluster.statefulsets as _sets(_set)
}

_bare := json.remove(_delete("www-web-0"), ["request/oldObject/spec"])

test_claim_out_of_range_is_mentioned[name] if {
	some name in ["www-web-3", "www-web-10"]
	some finding in rule.report with input as _delete(name) with data.cluster.statefulsets as _sets(_set)
	finding.advice == true
	finding.what == sprintf("claim %q belongs to StatefulSet %q, which is scaled below it; %s", [
		name,
		"web",
		"what happens to its disk is unknown",
	])
}

test_range_begins_at_the_start if {
	started := object.union(_set, {"spec": {"ordinals": {"start": 5}}})
	[finding.advice | some finding in rule.report] == [true] with input as _delete("www-web-0")
		with data.cluster.statefulsets as _sets(started)
	[finding.existing | some finding in rule.report] == [false] with input as _delete("www-web-7")
		with data.cluster.statefulsets as _sets(started)
}

test_set_that_goes_needs_no_claim if {
	going := object.union(_set, {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}})
	rule.report == set() with input as _delete("www-web-0") with data.cluster.statefulsets as _sets(going)
}

test_set_elsewhere_needs_no_claim_here if {
	rule.report == set() with input as _delete("www-web-0") with data.cluster.statefulsets as {"other": {"web": _set}}
}

test_confirmation_is_seen if {
	marks := {
		"stateward.dev/confirm": "delete",
		"stateward.dev/confirm-rules": "claim-in-use",
		"stateward.dev/confirm-until": "2026-11-23T12:10:00Z",
		"stateward.dev/confirmed-by": "alice",
	}
	marked := object.union(_delete("www-web-0"), {"request": {"oldObject": {"metadata": {"annotations": marks}}}})
	[finding.confirmed | some finding in rule.report] == [true] with input as marked
		with data.cluster.statefulsets as _sets(_set)
}

_message(name, pod, disk) := concat(" ", [
	sprintf("[claim-in-use] metadata.name: claim %q holds the data of pod %s; %s.", [name, pod, disk]),
	"Fix: scale the StatefulSet below this pod first, or confirm it:",
	sprintf("kubectl annotate persistentvolumeclaim %s -n default --overwrite", [name]),
	"--field-manager=stateward-confirm stateward.dev/confirm=delete",
	"stateward.dev/confirm-rules=claim-in-use stateward.dev/confirm-for=10m",
])

_set := {
	"metadata": {"name": "web", "namespace": "default"},
	"spec": {"replicas": 3, "volumeClaimTemplates": [{"metadata": {"name": "www"}}]},
}

_sets(sts) := {"default": {"web": sts}}

_delete(name) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {
		"operation": "DELETE",
		"kind": {"group": "", "kind": "PersistentVolumeClaim"},
		"namespace": "default",
		"userInfo": {"username": "alice"},
		"oldObject": {
			"apiVersion": "v1",
			"kind": "PersistentVolumeClaim",
			"metadata": {"name": name, "namespace": "default"},
			"spec": {"volumeName": "pv-0"},
		},
	},
}

test_claim_of_a_set_with_0_replicas_is_denied if {
	[[finding.what, object.get(finding, "advice", false)] | some finding in rule.report] == [[
		concat(" ", [
			`StatefulSet "web" has 0 replicas and starts again with the data of claim "www-web-0";`,
			"what happens to its disk is unknown",
		]),
		false,
	]] with input as _delete("www-web-0")
		with data.cluster.statefulsets as _sets(object.union(_set, {"spec": {"replicas": 0}}))
}

test_claim_that_the_template_names_is_denied if {
	volumes := [{"name": "shared", "persistentVolumeClaim": {"claimName": "shared-data"}}]
	set := object.union(_set, {"spec": {"template": {"spec": {"volumes": volumes}}}})
	{finding.what | some finding in rule.report} == {concat(" ", [
		`StatefulSet "web" names claim "shared-data" in its pod template;`,
		"what happens to its disk is unknown",
	])} with input as _delete("shared-data")
		with data.cluster.statefulsets as _sets(set)
		with data.cluster.pods as _pods("shared-data", {"statefulset.kubernetes.io/pod-name": "web-0"})
}

test_claim_of_a_pod_whose_set_is_gone_is_denied if {
	{finding.what | some finding in rule.report} == {concat(" ", [
		`claim "www-web-0" holds the data of pod web-0, which still runs;`,
		"what happens to its disk is unknown",
	])} with input as _delete("www-web-0")
		with data.cluster.pods as _pods("www-web-0", {"statefulset.kubernetes.io/pod-name": "web-0"})
}

test_claim_is_told_once if {
	count(rule.report) == 1 with input as _delete("www-web-0")
		with data.cluster.statefulsets as _sets(_set)
		with data.cluster.pods as _pods("www-web-0", {"statefulset.kubernetes.io/pod-name": "web-0"})
}

test_claim_of_another_pod_is_protected_by_kubernetes if {
	rule.report == set() with input as _delete("www-web-0")
		with data.cluster.pods as _pods("www-web-0", {"app": "web"})
}

_pods(claim, labels) := {"default": {"web-0": {
	"metadata": {"name": "web-0", "labels": labels},
	"spec": {"volumes": [{"name": "www", "persistentVolumeClaim": {"claimName": claim}}]},
}}}

test_fresh_snapshot_softens[longest] if {
	claim := {"request": {"oldObject": {"spec": {"volumeName": "www-web-0"}}}}
	some longest, advice in {"24h": true, "1h": false}
	[[object.get(finding, "advice", false), finding.what] | some finding in rule.report] == [[advice, concat("; ", [
		`claim "www-web-0" holds the data of pod web-0`,
		"its disk and the data are DELETED with it",
		`snapshot "www-web-0" of 2 hours ago (deletion policy Delete) brings the data of that time back`,
	])]] with input as object.union(_delete("www-web-0"), claim)
		with data.cluster as object.union(_snapshots("default", ["www-web-0"]), {"statefulsets": _sets(_set)})
		with data.kind as "Guardrails"
		with data.spec as _within("claim-in-use", longest)
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
