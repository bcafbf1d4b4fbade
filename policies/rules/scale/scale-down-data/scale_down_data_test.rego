package stateward.rules.scale["scale-down-data_test"]

import data.stateward.rules.scale["scale-down-data"] as rule

_now := "2026-11-23T12:00:00Z"

_known := {"persistentvolumeclaims": true}

test_scale_down_that_deletes_data_is_denied_at_every_door[door] if {
	some door, document in {"update": _update(_sts(5), _sts(3)), "scale": _scale(5, 3)}
	[[finding.what, finding.existing, finding.severity] | some finding in rule.report] == [[
		concat("; ", [
			"3 deletes 20Gi of data with www-web-3, www-web-4 (whenScaled: Delete)",
			"nothing known here brings back www-web-3, www-web-4",
		]),
		false,
		"deny",
	]] with input as document
		with data.cluster.known as _known
		with data.cluster.statefulsets as _stored(_sts(5))
		with data.cluster.persistentvolumeclaims as _claims(5)
}

test_way_out_ends_with_the_confirmation if {
	[finding.msg | some finding in rule.report] == [concat(" ", [
		"[scale-down-data] spec.replicas: 3 deletes 10Gi of data with www-web-3 (whenScaled: Delete);",
		"nothing known here brings back www-web-3.",
		"Fix: set whenScaled to Retain first; if the data may go, label the StatefulSet stateward.dev/ephemeral=true,",
		"or confirm it: kubectl annotate statefulset web -n default --overwrite --field-manager=stateward-confirm",
		"stateward.dev/confirm=scale stateward.dev/confirm-rules=scale-down-data stateward.dev/confirm-for=10m",
	])] with input as _scale(4, 3)
		with data.cluster.known as _known
		with data.cluster.statefulsets as _stored(_sts(4))
		with data.cluster.persistentvolumeclaims as _claims(4)
}

test_autoscalers_are_judged_like_anybody[username] if {
	some username in {
		"system:kube-controller-manager",
		"system:serviceaccount:kube-system:horizontal-pod-autoscaler",
		"system:serviceaccount:keda:keda-operator",
	}
	count(rule.report) == 1 with input as object.union(_scale(5, 3), {"request": {"userInfo": {"username": username}}})
		with data.cluster.statefulsets as _stored(_sts(5))
}

test_scale_without_replicas_means_zero if {
	[finding.what | some finding in rule.report] == [
		concat("; ", [
			"0 deletes 20Gi of data with www-web-0, www-web-1 (whenScaled: Delete)",
			"nothing known here brings back www-web-0, www-web-1",
		]),
	] with input as _scale(2, null)
		with data.cluster.statefulsets as _stored(_sts(2))
		with data.cluster.persistentvolumeclaims as _claims(2)
}

test_claims_start_at_the_first_ordinal if {
	started := object.union(_sts(2), {"spec": {"ordinals": {"start": 5}}})
	[finding.what | some finding in rule.report] == [
		"1 deletes 10Gi of data with www-web-6 (whenScaled: Delete)",
	] with input as _scale(2, 1) with data.cluster.statefulsets as _stored(started)
}

test_every_template_has_its_claim if {
	two := object.union(_sts(2), {"spec": {"volumeClaimTemplates": [_template("www", "10Gi"), _template("log", "1.5Gi")]}})
	[finding.what | some finding in rule.report] == [
		"1 deletes 11.5Gi of data with www-web-1, log-web-1 (whenScaled: Delete)",
	] with input as _scale(2, 1) with data.cluster.statefulsets as _stored(two)
}

test_three_names_are_enough if {
	[finding.what | some finding in rule.report] == [
		"1 deletes 40Gi of data with www-web-1, www-web-2, www-web-3 and 1 more (whenScaled: Delete)",
	] with input as _scale(5, 1) with data.cluster.statefulsets as _stored(_sts(5))
}

test_many_claims_are_not_all_looked_up if {
	[finding.what | some finding in rule.report] == [
		"1 deletes at least 500Gi of data with www-web-1, www-web-2, www-web-3 and 47 more (whenScaled: Delete)",
	] with input as _scale(2000000000, 1) with data.cluster.statefulsets as _stored(_sts(2000000000))
}

test_size_is_the_disks_before_it_is_what_was_asked_for[size] if {
	some size, claim in {
		"20Gi": {"status": {"capacity": {"storage": "20Gi"}}, "spec": {"resources": {"requests": {"storage": "10Gi"}}}},
		"10Gi": {"status": {"capacity": {}}, "spec": {"resources": {"requests": {"storage": "10Gi"}}}},
		"0Mi": {"spec": {"resources": {"requests": {"storage": "much"}}}},
	}
	[finding.what | some finding in rule.report] == [
		sprintf("1 deletes %s of data with www-web-1 (whenScaled: Delete)", [size]),
	] with input as _scale(2, 1)
		with data.cluster.statefulsets as _stored(_sts(2))
		with data.cluster.persistentvolumeclaims as {"default": {"www-web-1": claim}}
}

test_claims_that_are_known_not_to_exist_lose_nothing if {
	rule.report == set() with input as _scale(5, 3)
		with data.cluster.known as _known
		with data.cluster.statefulsets as _stored(_sts(5))
		with data.cluster.persistentvolumeclaims as _claims(3)
}

test_what_keeps_its_claims_may_go_down[policy] if {
	some policy in [null, {}, {"whenScaled": "Retain"}, {"whenDeleted": "Delete"}, {"whenScaled": ""}]
	keeping := _retaining(5, policy)
	rule.report == set() with input as _scale(5, 3) with data.cluster.statefulsets as _stored(keeping)
	rule.report == set() with input as _update(keeping, _retaining(3, policy))
}

test_policy_after_the_update_counts if {
	rule.report == set() with input as _update(_sts(5), _retaining(3, {"whenScaled": "Retain"}))
	count(rule.report) == 1 with input as _update(_retaining(5, {"whenScaled": "Retain"}), _sts(3))
}

test_set_without_claims_has_nothing_to_lose[templates] if {
	some templates in [null, []]
	bare := object.union(_sts(5), {"spec": {"volumeClaimTemplates": templates}})
	rule.report == set() with input as _scale(5, 3) with data.cluster.statefulsets as _stored(bare)
}

test_as_many_or_more_is_fine[to] if {
	some to in [5, 6]
	rule.report == set() with input as _scale(5, to) with data.cluster.statefulsets as _stored(_sts(5))
	rule.report == set() with input as _update(_sts(5), _sts(to))
}

test_new_set_loses_nothing if {
	rule.report == set() with input as _sts(0)
	rule.report == set() with input as {"request": {"operation": "CREATE", "object": _sts(0)}}
}

test_scale_of_a_set_that_nobody_knows_is_not_judged if {
	rule.report == set() with input as _scale(5, 3)
}

test_confirmed_scale_down_is_marked if {
	marked := object.union(_sts(5), {"metadata": {"annotations": {
		"stateward.dev/confirm": "scale",
		"stateward.dev/confirm-rules": "scale-down-data",
		"stateward.dev/confirm-until": "2026-11-23T12:10:00Z",
		"stateward.dev/confirmed-by": "alice",
	}}})
	[finding.confirmed | some finding in rule.report] == [true] with input as _scale(5, 3)
		with data.cluster.statefulsets as _stored(marked)
}

_template(name, size) := {"metadata": {"name": name}, "spec": {"resources": {"requests": {"storage": size}}}}

test_data_that_may_go_is_mentioned[value] if {
	some value in ["true", true]
	sts := object.union(_sts(5), {"metadata": {"labels": {"stateward.dev/ephemeral": value}}})
	[finding.advice | some finding in rule.report] == [true] with input as _scale(5, 3)
		with data.cluster.statefulsets as _stored(sts)
		with data.cluster.persistentvolumeclaims as _claims(5)
}

_retaining(replicas, policy) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {
		"replicas": replicas,
		"persistentVolumeClaimRetentionPolicy": policy,
		"volumeClaimTemplates": [_template("www", "10Gi")],
	},
}

_sts(replicas) := _retaining(replicas, {"whenScaled": "Delete"})

_stored(sts) := {"default": {"web": sts}}

_claims(number) := {"default": {name: _template(name, "10Gi") |
	some ordinal in numbers.range(0, number - 1)
	name := sprintf("www-web-%d", [ordinal])
}}

_update(before, after) := {
	"stateward": {"time": _now},
	"request": {
		"operation": "UPDATE",
		"kind": {"group": "apps", "kind": "StatefulSet"},
		"oldObject": before,
		"object": after,
	},
}

_scale(from, to) := {
	"stateward": {"time": _now},
	"request": {
		"operation": "UPDATE",
		"kind": {"group": "autoscaling", "kind": "Scale"},
		"resource": {"group": "apps", "resource": "statefulsets"},
		"subResource": "scale",
		"oldObject": {"kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": from}},
		"object": {"kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": to}},
	},
}

test_fresh_snapshots_of_all_claims_soften[to] if {
	claims := {name: object.union(claim, {"spec": {"volumeName": name}}) | some name, claim in _claims(5)["default"]}
	some to, advice in {3: true, 2: false, -1: false}
	[object.get(finding, "advice", false) | some finding in rule.report] == [advice] with input as _scale(5, to)
		with data.cluster as object.union(_snapshots("default", ["www-web-3", "www-web-4"]), {
			"statefulsets": _stored(_sts(5)),
			"persistentvolumeclaims": {"default": claims},
		})
		with data.kind as "Guardrails"
		with data.spec as _within("scale-down-data", "24h")
}

test_more_claims_than_are_looked_up_do_not_soften if {
	[object.get(finding, "advice", false) | some finding in rule.report] == [false] with input as _scale(100, 1)
		with data.cluster as object.union(_snapshots("default", ["www-web-1"]), {
			"statefulsets": _stored(_sts(100)),
			"persistentvolumeclaims": {"default": {"www-web-1": object.union(
				_template("www-web-1", "10Gi"),
				{"spec": {"volumeName": "www-web-1"}},
			)}},
		})
		with data.kind as "Guardrails"
		with data.spec as _within("scale-down-data", "24h")
}

test_claims_that_are_not_known_do_not_soften if {
	[object.get(finding, "advice", false) | some finding in rule.report] == [false] with input as _scale(5, 3)
		with data.cluster as {"statefulsets": _stored(_sts(5))}
		with data.kind as "Guardrails"
		with data.spec as _within("scale-down-data", "24h")
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

test_set_that_is_created_over_more_pods_deletes_data[what] if {
	some what, case in {
		"1 deletes 20Gi of data with www-web-1, www-web-2 (whenScaled: Delete)": {"replicas": 1},
		"0 deletes 30Gi of data with www-web-0, www-web-1, www-web-2 (whenScaled: Delete)": {"replicas": 0},
		"2 deletes 10Gi of data with www-web-0 (whenScaled: Delete)": {"replicas": 2, "ordinals": {"start": 1}},
	}
	[finding] := [found | some found in rule.report] with input as _create(case)
		with data.cluster.pods as _left(3)
		with data.cluster.persistentvolumeclaims as _claims(3)
	startswith(finding.what, what)
	finding.severity == "deny"
	finding.existing == false
}

test_set_that_is_created_with_its_pods_deletes_nothing if {
	rule.report == set() with input as _create({"replicas": 3})
		with data.cluster.pods as _left(3)
		with data.cluster.persistentvolumeclaims as _claims(3)
	rule.report == set()
		with input as _create({"replicas": 1, "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Retain"}})
		with data.cluster.pods as _left(3)
		with data.cluster.persistentvolumeclaims as _claims(3)
}

_create(spec) := {"request": {"operation": "CREATE", "object": object.union(_sts(3), {"spec": object.union(
	{"selector": {"matchLabels": {"app": "nginx"}}},
	spec,
)})}}

_left(number) := {"default": {name: pod |
	some index in numbers.range(0, number - 1)
	name := sprintf("web-%d", [index])
	pod := {"metadata": {"name": name, "labels": {"app": "nginx"}}, "spec": {"hostname": name}}
}}
