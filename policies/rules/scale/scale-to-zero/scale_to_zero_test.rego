package stateward.rules.scale["scale-to-zero_test"]

import data.stateward.rules.scale["scale-to-zero"] as rule

_fix := concat(" ", [
	"Fix: keep at least one replica, unless you want to stop the whole set, or confirm it:",
	"kubectl annotate statefulset web -n default --overwrite",
	"--field-manager=stateward-confirm stateward.dev/confirm=%s",
	"stateward.dev/confirm-rules=scale-to-zero stateward.dev/confirm-for=10m",
])

test_update_to_zero_is_said if {
	messages := {finding.msg | some finding in rule.report} with input as _update({"replicas": 3}, {"replicas": 0})
	messages == {concat(" ", [
		"[scale-to-zero] spec.replicas: 0 stops all 3 pods, the last first; the claims stay (whenScaled: Retain).",
		sprintf(_fix, ["update"]),
	])}
}

test_scale_to_zero_is_said if {
	messages := {finding.msg | some finding in rule.report} with input as _scale({"replicas": 3}, {"replicas": 0})
		with data.cluster.statefulsets as _stored({"replicas": 3})
	messages == {concat(" ", [
		"[scale-to-zero] spec.replicas: 0 stops all 3 pods, the last first; the claims stay (whenScaled: Retain).",
		sprintf(_fix, ["scale"]),
	])}
}

test_confirmed_scale_to_zero_is_no_denial_under_strict if {
	marks := {
		"stateward.dev/confirm": "scale",
		"stateward.dev/confirm-until": "2026-11-23T12:10:00Z",
		"stateward.dev/confirmed-by": "alice",
	}
	document := object.union(_scale({"replicas": 3}, {"replicas": 0}), {"stateward": {"time": "2026-11-23T12:00:00Z"}})
	stored := object.union(_sts({"replicas": 3}), {"metadata": {"annotations": marks}})
	[finding.confirmed | some finding in rule.report] == [true] with input as document
		with data.cluster.statefulsets as {"default": {"web": stored}}
}

test_finding_is_a_warning_and_strict_denies_it[door] if {
	some door, document in {
		"update": _update({"replicas": 3}, {"replicas": 0}),
		"scale": _scale({"replicas": 3}, {"replicas": 0}),
	}
	some finding in rule.report with input as document
	finding.path == ["spec", "replicas"]
	finding.severity == "warn"
	finding.profile == {"strict": "deny"}
	finding.existing == false
	not finding.advice
}

test_scale_without_replicas_means_zero[spec] if {
	some spec in [null, {}, {"replicas": null}]
	count(rule.report) == 1 with input as _scale({"replicas": 3}, spec)
}

test_scale_of_an_unknown_set_says_what_is_known if {
	{finding.what | some finding in rule.report} == {"0 stops all 3 pods"}
		with input as _scale({"replicas": 3}, {"replicas": 0})
	{finding.what | some finding in rule.report} == {"0 stops the only pod"}
		with input as _scale({"replicas": 1}, {"replicas": 0})
}

test_scale_without_its_old_object_is_judged_by_the_set if {
	document := {"request": object.remove(_scale({}, {"replicas": 0}).request, ["oldObject"])}
	count(rule.report) == 1 with input as document with data.cluster.statefulsets as _stored({"replicas": 3})
	count(rule.report) == 0 with input as document with data.cluster.statefulsets as _stored({"replicas": 0})
	count(rule.report) == 0 with input as document
}

test_scale_from_zero_to_zero_is_fine if {
	rule.report == set() with input as _scale({}, {"replicas": 0})
}

test_what_becomes_of_pods_and_claims_is_said[expected] if {
	some expected, spec in {
		"0 stops all 3 pods at once; the claims stay (whenScaled: Retain)": {"podManagementPolicy": "Parallel"},
		"0 stops all 3 pods, the last first; there are no claims": {"volumeClaimTemplates": null},
		"0 stops all 3 pods, the last first; the claims and data are DELETED (whenScaled: Delete)": {
			"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"},
		},
		"0 stops the only pod; the claims stay (whenScaled: Retain)": {"replicas": null},
	}
	before := object.union({"replicas": 3}, spec)
	{finding.what | some finding in rule.report} == {expected}
		with input as _update(before, object.union(before, {"replicas": 0}))
}

test_policies_of_the_stored_set_count_for_a_scale if {
	spec := {
		"replicas": 3,
		"podManagementPolicy": "Parallel",
		"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"},
	}
	{finding.what | some finding in rule.report} == {
		"0 stops all 3 pods at once; the claims and data are DELETED (whenScaled: Delete)",
	} with input as _scale({"replicas": 3}, {"replicas": 0}) with data.cluster.statefulsets as _stored(spec)
}

test_other_numbers_are_fine[replicas] if {
	some replicas in [null, 1, 2, 5]
	rule.report == set() with input as _update({"replicas": 3}, {"replicas": replicas})
}

test_scale_to_another_number_is_fine if {
	rule.report == set() with input as _scale({"replicas": 3}, {"replicas": 1})
}

test_set_that_has_no_pods_may_stay_so if {
	rule.report == set() with input as _update({"replicas": 0}, {"replicas": 0, "minReadySeconds": 5})
}

test_set_may_be_made_with_none if {
	rule.report == set() with input as _sts({"replicas": 0})
	rule.report == set() with input as {"request": {"operation": "CREATE", "object": _sts({"replicas": 0})}}
	request := object.remove(_update({}, {"replicas": 0}).request, ["oldObject"])
	rule.report == set() with input as {"request": request}
}

test_scale_of_a_deployment_is_of_no_interest if {
	deployment := {"request": {"resource": {"resource": "deployments"}}}
	rule.report == set() with input as object.union(_scale({"replicas": 3}, {"replicas": 0}), deployment)
}

test_autoscalers_are_judged_like_anybody[username] if {
	some username in {
		"system:kube-controller-manager",
		"system:serviceaccount:kube-system:horizontal-pod-autoscaler",
		"system:serviceaccount:keda:keda-operator",
	}
	document := object.union(_scale({"replicas": 3}, {"replicas": 0}), {"request": {"userInfo": {"username": username}}})
	[finding.existing | some finding in rule.report] == [false] with input as document
		with data.cluster.statefulsets as _stored({"replicas": 3})
}

test_other_kinds_are_not_judged if {
	deployment := {"request": {"kind": {"kind": "Deployment"}}}
	rule.report == set() with input as object.union(_update({"replicas": 3}, {"replicas": 0}), deployment)
}

_sts(spec) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": object.union({"volumeClaimTemplates": [{"metadata": {"name": "www"}}]}, spec),
}

_stored(spec) := {"default": {"web": _sts(spec)}}

_update(before, after) := {"request": {
	"operation": "UPDATE",
	"kind": {"group": "apps", "kind": "StatefulSet"},
	"oldObject": _sts(before),
	"object": _sts(after),
}}

_scale(before, after) := {"request": {
	"operation": "UPDATE",
	"kind": {"group": "autoscaling", "kind": "Scale"},
	"resource": {"group": "apps", "resource": "statefulsets"},
	"subResource": "scale",
	"oldObject": {"kind": "Scale", "metadata": {"name": "web"}, "spec": before},
	"object": {"kind": "Scale", "metadata": {"name": "web"}, "spec": after},
}}
