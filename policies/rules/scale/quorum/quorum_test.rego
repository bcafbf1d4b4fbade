package stateward.rules.scale.quorum_test

import data.stateward.rules.scale.quorum as rule

_label := "stateward.dev/quorum"

_odd := "choose an odd number of at least 3"

test_odd_number_of_members_is_fine[replicas] if {
	some replicas in [3, 5, 7]
	rule.report == set() with input as _sts(replicas)
	rule.report == set() with input as {"request": {"operation": "CREATE", "object": _sts(replicas)}}
}

test_size_without_a_good_majority_is_denied[expected] if {
	some expected, replicas in {
		"1 member tolerates no failure": 1,
		"2 members tolerate no failure": 2,
		"-1 members tolerate no failure": -1,
		"4 members tolerate no more failures than 3": 4,
		"6 members tolerate no more failures than 5": 6,
	}
	{finding.what | some finding in rule.report} == {expected} with input as _sts(replicas)
	{finding.what | some finding in rule.report} == {expected}
		with input as {"request": {"operation": "CREATE", "object": _sts(replicas)}}
}

test_absent_replicas_are_one if {
	{finding.what | some finding in rule.report} == {"1 member tolerates no failure"} with input as _sts(null)
}

test_finding_is_a_denial_that_can_be_confirmed if {
	some finding in rule.report with input as _update(3, 4)
	finding.path == ["spec", "replicas"]
	finding.severity == "deny"
	finding.existing == false
	finding.confirmed == false
	finding.msg == concat(" ", [
		"[quorum] spec.replicas: 4 members tolerate no more failures than 3.",
		"Fix: choose an odd number of at least 3,",
		"or confirm it: kubectl annotate statefulset web -n default --overwrite --field-manager=stateward-confirm",
		"stateward.dev/confirm=update stateward.dev/confirm-rules=quorum stateward.dev/confirm-for=10m",
	])
}

test_none_is_left_to_scale_to_zero[door] if {
	some door, document in {
		"manifest": _sts(0),
		"create": {"request": {"operation": "CREATE", "object": _sts(0)}},
		"update": _update(3, 0),
		"scale": _scale(3, 0),
		"scale without replicas": _scale(3, null),
	}
	rule.report == set() with input as document with data.cluster.statefulsets as _stored
}

test_lost_majority_is_denied_at_every_door[door] if {
	some door, document in {"update": _update(7, 3), "scale": _scale(7, 3)}
	{[finding.what, finding.existing] | some finding in rule.report} == {[
		"from 7 to 3 in one step is below the majority of 4",
		false,
	]} with input as document with data.cluster.statefulsets as _stored
}

test_lost_majority_is_said_before_a_bad_size if {
	{finding.what | some finding in rule.report} == {"from 5 to 2 in one step is below the majority of 3"}
		with input as _update(5, 2)
}

test_majority_is_more_than_half[case] if {
	some case in [
		{"from": 3, "to": 2, "what": "2 members tolerate no failure"},
		{"from": 4, "to": 2, "what": "from 4 to 2 in one step is below the majority of 3"},
		{"from": 3, "to": 1, "what": "from 3 to 1 in one step is below the majority of 2"},
		{"from": 2, "to": 1, "what": "from 2 to 1 in one step is below the majority of 2"},
		{"from": 6, "to": 3, "what": "from 6 to 3 in one step is below the majority of 4"},
		{"from": 6, "to": 4, "what": "4 members tolerate no more failures than 3"},
	]
	{finding.what | some finding in rule.report} == {case.what} with input as _update(case.from, case.to)
}

test_step_that_keeps_a_majority_is_fine[case] if {
	some case in [[7, 5], [5, 3], [4, 3], [9, 5], [1, 3], [0, 3], [3, 5], [3, 9]]
	rule.report == set() with input as _update(case[0], case[1])
	rule.report == set() with input as _scale(case[0], case[1]) with data.cluster.statefulsets as _stored
}

test_way_down_is_shown[step] if {
	some step, case in {
		"scale to 3 first, and remove the stopped members from the quorum": [5, 1],
		"scale to 5 first, and remove the stopped members from the quorum": [7, 3],
		"scale to 7 first, and remove the stopped members from the quorum": [13, 3],
		_odd: [3, 1],
	}
	{split(finding.fix, ", or confirm")[0] | some finding in rule.report} == {step}
		with input as _update(case[0], case[1])
}

test_scale_is_judged_by_the_label_of_its_set if {
	document := _scale(3, 4)
	{finding.what | some finding in rule.report} == {"4 members tolerate no more failures than 3"} with input as document
		with data.cluster.statefulsets as _stored
	unlabelled := {"default": {"web": object.remove(_sts(3), ["metadata"])}}
	rule.report == set() with input as document with data.cluster.statefulsets as unlabelled
	rule.report == set() with input as document
}

test_scale_without_its_old_object_is_judged_by_the_set if {
	document := {"request": object.remove(_scale(7, 1).request, ["oldObject"])}
	{finding.what | some finding in rule.report} == {"from 3 to 1 in one step is below the majority of 2"}
		with input as document
		with data.cluster.statefulsets as _stored
}

test_scale_can_be_confirmed_on_its_set if {
	marked := {"default": {"web": object.union(_sts(3), {"metadata": {"annotations": {
		"stateward.dev/confirm": "scale",
		"stateward.dev/confirm-until": "2026-11-23T12:10:00Z",
		"stateward.dev/confirmed-by": "alice",
	}}})}}
	{finding.confirmed | some finding in rule.report} == {true} with input as _scale(3, 4)
		with data.cluster.statefulsets as marked
	{finding.confirmed | some finding in rule.report} == {false} with input as _scale(3, 4)
		with data.cluster.statefulsets as _stored
}

test_replicas_that_stay_are_grandfathered if {
	before := _sts(2)
	{finding.existing | some finding in rule.report} == {true} with input as {"request": {
		"operation": "UPDATE",
		"oldObject": before,
		"object": object.union(before, {"spec": {"minReadySeconds": 5}}),
	}}
	{finding.existing | some finding in rule.report} == {true} with input as {"request": {
		"operation": "UPDATE",
		"oldObject": _sts(1),
		"object": _sts(null),
	}}
}

test_set_without_the_label_is_not_judged[labels] if {
	some labels in [null, {}, {_label: "false"}, {_label: ""}, {"quorum": "true"}, "true"]
	rule.report == set() with input as _labelled(2, labels)
}

test_unquoted_true_counts if {
	count(rule.report) == 1 with input as _labelled(2, {_label: true})
}

test_label_cannot_be_taken_away_with_the_members if {
	request := _update(3, 1).request
	unlabelled := object.union(object.remove(request, ["object"]), {"object": _labelled(1, {})})
	count(rule.report) == 1 with input as {"request": unlabelled}
	labelling := object.union(object.remove(request, ["oldObject"]), {"oldObject": _labelled(3, {})})
	count(rule.report) == 1 with input as {"request": labelling}
}

test_deletion_is_not_judged if {
	rule.report == set() with input as {"request": {"operation": "DELETE", "oldObject": _sts(2)}}
}

test_autoscalers_are_judged_like_anybody[username] if {
	some username in {
		"system:kube-controller-manager",
		"system:serviceaccount:kube-system:horizontal-pod-autoscaler",
		"system:serviceaccount:keda:keda-operator",
	}
	document := object.union(_scale(3, 4), {"request": {"userInfo": {"username": username}}})
	[finding.existing | some finding in rule.report] == [false] with input as document
		with data.cluster.statefulsets as _stored
}

test_other_kinds_are_not_judged if {
	rule.report == set() with input as object.union(_sts(2), {"kind": "Deployment"})
}

_labelled(replicas, labels) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web", "labels": labels},
	"spec": {"replicas": replicas},
}

_sts(replicas) := _labelled(replicas, {_label: "true"})

_stored := {"default": {"web": _sts(3)}}

_update(from, to) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {
		"operation": "UPDATE",
		"kind": {"group": "apps", "kind": "StatefulSet"},
		"oldObject": _sts(from),
		"object": _sts(to),
	},
}

_scale(from, to) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {
		"operation": "UPDATE",
		"kind": {"group": "autoscaling", "kind": "Scale"},
		"resource": {"group": "apps", "resource": "statefulsets"},
		"subResource": "scale",
		"oldObject": {"kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": from}},
		"object": {"kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": to}},
	},
}
