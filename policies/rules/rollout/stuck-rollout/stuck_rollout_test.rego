package stateward.rules.rollout["stuck-rollout_test"]

import data.stateward.rules.rollout["stuck-rollout"] as rule

test_pod_that_must_be_deleted_is_named[text] if {
	some text, document in {"change back": _update("2", "1", {}), "another change": _update("2", "3", {})}
	{finding.msg | some finding in rule.report} == {concat(" ", [
		"[stuck-rollout] spec.template:",
		"also run `kubectl delete pod web-2 -n default`: the rollout waits until it is Ready.",
		"Fix: make the change, then delete that pod, unless it is only just starting.",
	])} with input as document with data.cluster.pods as _pods({"web-2": _pod("web-b", "2", "False")})
}

test_first_of_several_pods_is_named if {
	pods := _pods({"web-1": _pod("web-b", "2", "False"), "web-2": _pod("web-b", "2", "False")})
	{finding.what | some finding in rule.report} == {concat(" ", [
		"also run `kubectl delete pod web-1 -n default`, and 1 more like it:",
		"the rollout waits until it is Ready",
	])} with input as _update("2", "1", {}) with data.cluster.pods as pods
}

test_it_is_never_more_than_a_warning if {
	some finding in rule.report with input as _update("2", "1", {})
		with data.cluster.pods as _pods({"web-2": _pod("web-b", "2", "False")})
	finding.advice == true
}

test_first_template_may_have_been_the_bad_one if {
	document := object.union(
		_update("1", "2", {}),
		{"request": {"oldObject": {"status": {"updateRevision": "web-a"}}}},
	)
	{finding.field | some finding in rule.report} == {"spec.template"} with input as document
		with data.cluster.pods as {"default": {"web-0": _pod("web-a", "1", "False")}}
}

test_namespace_and_ordinal_are_in_the_command if {
	document := json.patch(_update("2", "1", {"ordinals": {"start": 5}}), [
		{"op": "add", "path": "/request/object/metadata/namespace", "value": "prod"},
		{"op": "add", "path": "/request/oldObject/metadata/namespace", "value": "prod"},
	])
	some finding in rule.report with input as document
		with data.cluster.pods as {"prod": {"web-7": _pod("web-b", "2", "False")}}
	contains(finding.what, "`kubectl delete pod web-7 -n prod`")
}

test_change_that_every_pod_will_take_is_fine[text] if {
	some text, pod in {
		"ready": _pod("web-b", "2", "True"),
		"going already": object.union(
			_pod("web-b", "2", "False"),
			{"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}},
		),
	}
	rule.report == set() with input as _update("2", "1", {}) with data.cluster.pods as _pods({"web-2": pod})
}

test_pod_that_the_change_leaves_as_it_is_is_not_named[text] if {
	some text, document in {
		"back to its own revision": _update("2", "1", {}),
		"behind the partition": _update("2", "3", {"updateStrategy": {"rollingUpdate": {"partition": 1}}}),
	}
	rule.report == set() with input as document with data.cluster.pods as _pods({"web-0": _pod("web-a", "1", "False")})
}

test_pod_before_the_partition_is_named if {
	count(rule.report) == 1 with input as _update("2", "3", {"updateStrategy": {"rollingUpdate": {"partition": 1}}})
		with data.cluster.pods as _pods({"web-1": _pod("web-a", "1", "False")})
}

test_other_ways_to_manage_pods_wait_for_none[text] if {
	some text, spec in {
		"parallel": {"podManagementPolicy": "Parallel"},
		"on delete": {"updateStrategy": {"type": "OnDelete"}},
	}
	rule.report == set() with input as _update("2", "1", spec)
		with data.cluster.pods as _pods({"web-2": _pod("web-b", "2", "False")})
}

test_pods_that_nobody_knows_are_not_named if {
	rule.report == set() with input as _update("2", "1", {})
}

test_update_that_leaves_the_template_alone_is_fine if {
	document := object.union(_update("2", "2", {}), {"request": {"object": {"spec": {"minReadySeconds": 5}}}})
	rule.report == set() with input as document with data.cluster.pods as _pods({"web-2": _pod("web-b", "2", "False")})
}

test_nothing_but_an_update_is_judged if {
	sts := _sts("2", {})
	pods := _pods({"web-2": _pod("web-b", "2", "False")})
	rule.report == set() with input as sts with data.cluster.pods as pods
	rule.report == set() with input as {"request": {"operation": "CREATE", "object": sts}} with data.cluster.pods as pods
}

test_message_is_not_cut_in_a_warning if {
	some finding in rule.report with input as _update("2", "1", {})
		with data.cluster.pods as _pods({"web-2": _pod("web-b", "2", "False")})
	count(finding.field) + count(finding.what) <= 120 - count("[stuck-rollout] : ")
}

_pods(others) := {"default": object.union(
	{"web-0": _pod("web-a", "1", "True"), "web-1": _pod("web-a", "1", "True")},
	others,
)}

_pod(revision, tag, ready) := {
	"metadata": {"labels": {"controller-revision-hash": revision}},
	"spec": {"containers": [{"name": "web", "image": sprintf("nginx:%s", [tag])}]},
	"status": {"conditions": [{"type": "Ready", "status": ready}]},
}

_sts(tag, spec) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": object.union(
		{"replicas": 3, "template": {"spec": {"containers": [{"name": "web", "image": sprintf("nginx:%s", [tag])}]}}},
		spec,
	),
	"status": {"currentRevision": "web-a", "updateRevision": "web-b"},
}

_update(before, after, spec) := {"request": {
	"operation": "UPDATE",
	"oldObject": _sts(before, spec),
	"object": _sts(after, spec),
}}
