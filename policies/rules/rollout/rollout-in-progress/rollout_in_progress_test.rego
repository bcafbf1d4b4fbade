package stateward.rules.rollout["rollout-in-progress_test"]

import data.stateward.rules.rollout["rollout-in-progress"] as rule

test_second_change_is_mentioned if {
	{finding.msg | some finding in rule.report} == {concat(" ", [
		"[rollout-in-progress] spec.template: changes again before the previous change is complete (1 of 3 pods updated).",
		"Fix: wait for the rollout to finish, or revert the template, or confirm it:",
		"kubectl annotate statefulset web -n default --overwrite",
		"--field-manager=stateward-confirm stateward.dev/confirm=update",
		"stateward.dev/confirm-rules=rollout-in-progress stateward.dev/confirm-for=10m",
	])} with input as _update("2", "3") with data.cluster.pods as _pods
}

test_finding_is_a_warning_or_strictly_a_denial if {
	some finding in rule.report with input as _update("2", "3") with data.cluster.pods as _pods
	finding.severity == "warn"
	finding.profile == {"strict": "deny"}
	finding.existing == false
}

test_no_pod_may_be_updated_yet if {
	document := json.remove(_update("2", "3"), ["request/oldObject/status/updatedReplicas"])
	some finding in rule.report with input as document with data.cluster.pods as _pods
	endswith(finding.what, "(0 of 3 pods updated)")
}

test_change_back_is_fine if {
	rule.report == set() with input as _update("2", "1") with data.cluster.pods as _pods
}

test_nobody_guesses_whether_a_change_goes_back if {
	rule.report == set() with input as _update("2", "3")
	count(rule.report) == 1 with input as _update("2", "3") with data.cluster.known as {"pods": true}
}

test_change_is_fine_where_none_is_on_its_way if {
	document := object.union(_update("2", "3"), {"request": {"oldObject": {"status": {"currentRevision": "web-b"}}}})
	rule.report == set() with input as document with data.cluster.pods as _pods
	without := json.remove(_update("2", "3"), ["request/oldObject/status"])
	rule.report == set() with input as without with data.cluster.pods as _pods
}

test_update_that_leaves_the_template_alone_is_fine if {
	document := object.union(_update("2", "2"), {"request": {"object": {"spec": {"replicas": 5}}}})
	rule.report == set() with input as document with data.cluster.pods as _pods
}

test_nothing_is_on_its_way_under_on_delete if {
	strategy := {"spec": {"updateStrategy": {"type": "OnDelete"}}}
	document := object.union(_update("2", "3"), {"request": {"object": strategy}})
	rule.report == set() with input as document with data.cluster.pods as _pods
}

test_nothing_but_an_update_is_judged if {
	sts := _sts("2")
	rule.report == set() with input as sts
	rule.report == set() with input as {"request": {"operation": "CREATE", "object": sts}}
	rule.report == set() with input as {"request": {"operation": "DELETE", "oldObject": sts}}
}

test_message_is_not_cut_in_a_warning if {
	some finding in rule.report with input as _update("2", "3") with data.cluster.pods as _pods
	count(finding.field) + count(finding.what) <= 120 - count("[rollout-in-progress] : ")
}

_pods := {"default": {"web-0": {
	"metadata": {"labels": {"controller-revision-hash": "web-a"}},
	"spec": {"containers": [{"name": "web", "image": "nginx:1"}]},
}}}

_sts(tag) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {
		"replicas": 3,
		"template": {"spec": {"containers": [{"name": "web", "image": sprintf("nginx:%s", [tag])}]}},
	},
	"status": {"currentRevision": "web-a", "updateRevision": "web-b", "updatedReplicas": 1},
}

_update(before, after) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {"operation": "UPDATE", "oldObject": _sts(before), "object": _sts(after)},
}
