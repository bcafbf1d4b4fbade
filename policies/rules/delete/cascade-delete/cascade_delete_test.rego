package stateward.rules.delete["cascade-delete_test"]

import data.stateward.rules.delete["cascade-delete"] as rule

_now := "2026-11-23T12:00:00Z"

_fix := concat(" ", [
	"Fix: scale it to 0 first, so that the pods stop in order, or confirm it: kubectl annotate statefulset web -n default",
	"--overwrite --field-manager=stateward-confirm stateward.dev/confirm=delete",
	"stateward.dev/confirm-rules=cascade-delete stateward.dev/confirm-for=10m",
])

test_cascade_is_denied_whatever_it_is_called[policy] if {
	some policy, options in {
		"Background": {"propagationPolicy": "Background"},
		"Foreground": {"propagationPolicy": "Foreground"},
	}
	messages := {finding.msg | some finding in rule.report} with input as _delete({"replicas": 3}, options)
	messages == {_message(policy, 3, "it has no claims")}
}

test_absent_policy_is_a_cascade[options] if {
	some options in [{}, {"orphanDependents": false}]
	messages := {finding.msg | some finding in rule.report} with input as _delete({"replicas": 3}, options)
	messages == {_message("Background", 3, "it has no claims")}
}

test_absent_replicas_are_one if {
	messages := {finding.msg | some finding in rule.report} with input as _delete({}, {})
	messages == {sprintf(
		"[cascade-delete] metadata.name: deleting \"web\" (propagation Background) stops its only pod; it has no claims. %s",
		[_fix],
	)}
}

test_finding_is_a_denial_of_its_own if {
	some finding in rule.report with input as _delete({"replicas": 3}, {})
	finding.severity == "deny"
	finding.path == ["metadata", "name"]
	finding.existing == false
	finding.confirmed == false
}

test_claims_that_stay_are_mentioned[policy] if {
	some policy in [null, {}, {"whenScaled": "Delete"}, {"whenDeleted": "Retain"}]
	spec := {"replicas": 3, "volumeClaimTemplates": [{}], "persistentVolumeClaimRetentionPolicy": policy}
	messages := {finding.msg | some finding in rule.report} with input as _delete(spec, {})
	messages == {_message("Background", 3, "its claims stay (whenDeleted: Retain)")}
}

test_claims_that_go_are_mentioned if {
	spec := {
		"replicas": 3,
		"volumeClaimTemplates": [{}],
		"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"},
	}
	{[finding.what, finding.fix] | some finding in rule.report} == {[
		concat(" ", [
			`deleting "web" (propagation Background) stops all 3 of its pods at once;`,
			"its claims and their data are DELETED with it (whenDeleted: Delete)",
		]),
		concat(" ", [
			"scale it to 0, so that the pods stop in order, and delete it with `--cascade=orphan`, which keeps the claims,",
			_confirm,
		]),
	]} with input as _delete(spec, {})
}

test_scaling_down_must_not_delete_the_claims_either if {
	policy := {"whenDeleted": "Delete", "whenScaled": "Delete"}
	spec := {"replicas": 3, "volumeClaimTemplates": [{}], "persistentVolumeClaimRetentionPolicy": policy}
	some finding in rule.report with input as _delete(spec, {})
	startswith(finding.fix, "first set persistentVolumeClaimRetentionPolicy.whenScaled to Retain, then scale it to 0")
}

test_claims_go_with_a_set_of_0_replicas_too if {
	policy := {"whenDeleted": "Delete"}
	spec := {"replicas": 0, "volumeClaimTemplates": [{}], "persistentVolumeClaimRetentionPolicy": policy}
	{[finding.what, finding.fix] | some finding in rule.report} == {[
		concat(" ", [
			`deleting "web" (propagation Background): its claims and their data are DELETED with it (whenDeleted: Delete):`,
			"www-web-0, www-web-1; nothing known here brings back www-web-0, www-web-1",
		]),
		concat(" ", ["delete it with `--cascade=orphan`, which keeps the claims,", _confirm]),
	]} with input as _delete(spec, {}) with data.cluster.persistentvolumeclaims as _claims(2)
	rule.report == set() with input as _delete(spec, {"propagationPolicy": "Orphan"})
}

test_claims_with_another_owner_stay if {
	owners := [{"uid": "1"}, {"uid": "another"}]
	claims := {"default": {"www-web-0": {"metadata": {"name": "www-web-0", "ownerReferences": owners}}}}
	rule.report == set() with input as _delete({"replicas": 0, "volumeClaimTemplates": [{}]}, {})
		with data.cluster.persistentvolumeclaims as claims
}

test_claims_that_are_owned_go_whatever_the_policy_says if {
	{finding.what | some finding in rule.report} == {concat(" ", [
		`deleting "web" (propagation Background): these claims name it as their owner and are DELETED with it:`,
		"www-web-0, www-web-1 and 3 more; nothing known here brings back www-web-0, www-web-1 and 3 more",
	])} with input as _delete({"replicas": 0, "volumeClaimTemplates": [{}]}, {})
		with data.cluster.persistentvolumeclaims as _claims(5)
}

test_no_claims_are_lost_where_there_are_none if {
	spec := {
		"replicas": 3,
		"volumeClaimTemplates": [],
		"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"},
	}
	messages := {finding.msg | some finding in rule.report} with input as _delete(spec, {})
	messages == {_message("Background", 3, "it has no claims")}
}

test_set_without_pods_may_go if {
	rule.report == set() with input as _delete({"replicas": 0}, {})
}

test_orphaning_is_no_cascade[options] if {
	some options in [{"propagationPolicy": "Orphan"}, {"orphanDependents": true}]
	rule.report == set() with input as _delete({"replicas": 3}, options)
}

test_orphan_finalizer_is_no_cascade if {
	deletion := object.union(
		_delete({"replicas": 3}, {}),
		{"request": {"oldObject": {"metadata": {"finalizers": ["orphan"]}}}},
	)
	rule.report == set() with input as deletion
}

test_foreground_finalizer_is_a_cascade if {
	deletion := object.union(
		_delete({"replicas": 3}, {}),
		{"request": {"oldObject": {"metadata": {"finalizers": ["foregroundDeletion"]}}}},
	)
	{finding.msg | some finding in rule.report} == {_message("Foreground", 3, "it has no claims")} with input as deletion
}

test_deletecollection_is_read_from_the_old_object[name] if {
	some name in [null, ""]
	deletion := object.union(_delete({"replicas": 3}, {}), {"request": {"name": name}})
	{finding.msg | some finding in rule.report} == {_message("Background", 3, "it has no claims")} with input as deletion
}

test_deletecollection_may_lack_name_and_options if {
	request := object.remove(_delete({"replicas": 3}, {}).request, ["name", "options"])
	{finding.object | some finding in rule.report} == {{
		"kind": "StatefulSet",
		"namespace": "default",
		"name": "web",
	}} with input as {"request": request}
}

test_confirmed_deletion_is_marked if {
	{finding.confirmed | some finding in rule.report} == {true} with input as _marked("delete", "2026-11-23T12:10:00Z")
}

test_invalid_confirmation_is_none[why] if {
	some why, mark in {
		"another operation": ["update", "2026-11-23T12:10:00Z"],
		"expired": ["delete", "2026-11-23T12:00:00Z"],
		"too long": ["delete", "2026-11-23T13:00:01Z"],
		"nonsense": ["delete", "soon"],
	}
	{finding.confirmed | some finding in rule.report} == {false} with input as _marked(mark[0], mark[1])
}

test_nothing_is_confirmed_without_a_time if {
	request := _marked("delete", "2026-11-23T12:10:00Z").request
	{finding.confirmed | some finding in rule.report} == {false} with input as {"request": request}
}

test_controllers_finish_what_was_begun if {
	collector := {"userInfo": {"username": "system:serviceaccount:kube-system:generic-garbage-collector"}}
	rule.report == set() with input as object.union(_delete({"replicas": 3}, {}), {"request": collector})
}

test_terminating_set_may_go if {
	terminating := {"oldObject": {"metadata": {"deletionTimestamp": _now}}}
	rule.report == set() with input as object.union(_delete({"replicas": 3}, {}), {"request": terminating})
}

test_only_deletions_of_statefulsets_are_judged if {
	request := _delete({"replicas": 3}, {}).request
	rule.report == set() with input as {"request": object.union(request, {"kind": {"kind": "Deployment"}})}
	rule.report == set() with input as request.oldObject
	rule.report == set() with input as {"request": object.union(request, {"operation": "CREATE"})}
}

_message(policy, replicas, claims) := sprintf(
	"[cascade-delete] metadata.name: deleting \"web\" (propagation %s) stops all %d of its pods at once; %s. %s",
	[policy, replicas, claims, _fix],
)

_delete(spec, options) := {
	"stateward": {"time": _now},
	"request": {
		"operation": "DELETE",
		"kind": {"group": "apps", "kind": "StatefulSet"},
		"name": "web",
		"namespace": "default",
		"userInfo": {"username": "alice"},
		"options": options,
		"oldObject": {"kind": "StatefulSet", "metadata": {"name": "web", "uid": "1"}, "spec": spec},
	},
}

_marked(operation, until) := object.union(
	_delete({"replicas": 3}, {}),
	{"request": {"oldObject": {"metadata": {"annotations": {
		"stateward.dev/confirm": operation,
		"stateward.dev/confirm-rules": "cascade-delete",
		"stateward.dev/confirm-until": until,
		"stateward.dev/confirmed-by": "alice",
		"stateward.dev/confirmed-object": "1",
	}}}}},
)

_confirm := concat(" ", [
	"or confirm it: kubectl annotate statefulset web -n default --overwrite --field-manager=stateward-confirm",
	"stateward.dev/confirm=delete stateward.dev/confirm-rules=cascade-delete stateward.dev/confirm-for=10m",
])

_claims(most) := {"default": {name: {"metadata": {"name": name, "ownerReferences": [{"uid": "1"}]}} |
	some index in numbers.range(0, most - 1)
	name := sprintf("www-web-%d", [index])
}}

test_fresh_snapshots_of_all_claims_soften[saved] if {
	claims := {name: object.union(claim, {"spec": {"volumeName": name}}) | some name, claim in _claims(2)["default"]}
	some saved, advice in {2: true, 1: false}
	names := [sprintf("www-web-%d", [index]) | some index in numbers.range(0, saved - 1)]
	[object.get(finding, "advice", false) | some finding in rule.report] == [advice]
		with input as _delete({"replicas": 1, "volumeClaimTemplates": [{}]}, {})
		with data.cluster as object.union(_snapshots("default", names), {"persistentvolumeclaims": {"default": claims}})
		with data.kind as "Guardrails"
		with data.spec as _within("cascade-delete", "24h")
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
