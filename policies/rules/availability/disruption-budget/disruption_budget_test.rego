package stateward.rules.availability["disruption-budget_test"]

import data.stateward.rules.availability["disruption-budget"] as rule

test_several_pods_without_a_budget_are_said[door] if {
	some door, document in {
		"create": {"request": {"operation": "CREATE", "object": _sts(3)}},
		"update": _update(_sts(1), _sts(3)),
		"scale": _scale(1, 3),
		"other labels": _update(_labelled({"app": "old"}), _sts(3)),
	}
	{[finding.msg, finding.advice] | some finding in rule.report} == {[
		concat(" ", [
			"[disruption-budget] spec.replicas:",
			"no PodDisruptionBudget selects these 3 pods: a drain may evict all at once.",
			"Fix: add one with maxUnavailable 1 that selects the template's labels.",
		]),
		true,
	]} with input as document with data.cluster as _world(_sts(1), [])
}

test_set_of_manifests_is_taken_to_hold_its_budget if {
	count(rule.report) == 1 with input as [{"path": "a.yaml", "contents": [_sts(3)]}]
	rule.report == set() with input as [{"path": "a.yaml", "contents": [_sts(3), _budget("web", {"maxUnavailable": 1})]}]
}

test_budget_that_nobody_knows_may_be_there if {
	rule.report == set() with input as _sts(3)
	rule.report == set() with input as {"request": {"operation": "CREATE", "object": _sts(3)}}
}

test_budget_of_other_pods_or_one_that_goes_does_not_count[text] if {
	some text, budget in {
		"other pods": object.union(_budget("web", {}), {"spec": {"selector": {"matchLabels": {"app": "db"}}}}),
		"no pods": object.union(_budget("web", {}), {"spec": {"selector": null}}),
		"going": object.union(_budget("web", {}), {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}}),
	}
	count(rule.report) == 1 with input as _scale(1, 3) with data.cluster as _world(_sts(1), [budget])
}

test_pods_with_a_budget_are_fine if {
	rule.report == set() with input as _scale(1, 3) with data.cluster as _world(_sts(1), [_one])
	rule.report == set() with input as {"request": {"operation": "CREATE", "object": _sts(3)}}
		with data.cluster as _world(_sts(1), [object.union(_one, {"spec": {"selector": {}}})])
}

test_update_that_changes_neither_size_nor_labels_is_left_alone if {
	after := object.union(_sts(3), {"spec": {"minReadySeconds": 5}})
	rule.report == set() with input as _update(_sts(3), after) with data.cluster as _world(_sts(3), [])
	rule.report == set() with input as _update(_sts(3), after)
		with data.cluster as _world(_sts(3), [_budget("all", {"maxUnavailable": 0}), _one])
}

test_update_from_several_to_more_needs_no_reminder if {
	rule.report == set() with input as _update(_sts(3), _sts(5)) with data.cluster as _world(_sts(3), [])
}

test_two_budgets_are_denied[door] if {
	some door, document in {
		"manifest": _sts(3),
		"create": {"request": {"operation": "CREATE", "object": _sts(3)}},
		"labels": _update(_labelled({"app": "old"}), _sts(3)),
	}
	found := {[finding.msg, finding.severity, finding.existing] | some finding in rule.report} with input as document
		with data.cluster as _world(_sts(3), [_one, _budget("all", {"maxUnavailable": 1})])
	found == {[
		concat(" ", [
			"[disruption-budget] spec.template.metadata.labels:",
			"budgets all and web all select these pods, so every eviction fails.",
			"Fix: make exactly one budget select these pods.",
		]),
		"deny",
		false,
	]}
}

test_second_budget_is_denied if {
	found := {[finding.msg, finding.severity, finding.existing] | some finding in rule.report}
		with input as _write("CREATE", null, _budget("all", {"maxUnavailable": 1}))
		with data.cluster as _world(_sts(3), [_one])
	found == {[
		concat(" ", [
			"[disruption-budget] spec.selector:",
			`budget "web" also selects the pods of StatefulSet "web", so every eviction fails.`,
			"Fix: make exactly one budget select these pods.",
		]),
		"deny",
		false,
	]}
}

test_second_budget_is_grandfathered_until_its_selector_changes if {
	narrow := object.union(_budget("all", {}), {"spec": {"selector": {"matchLabels": {"app": "db"}}}})
	[finding.existing | some finding in rule.report] == [false]
		with input as _write("UPDATE", narrow, _budget("all", {"maxUnavailable": 1}))
		with data.cluster as _world(_sts(3), [_one, narrow])
	[finding.existing | some finding in rule.report] == [true]
		with input as _write("UPDATE", _budget("all", {"maxUnavailable": 2}), _budget("all", {"maxUnavailable": 1}))
		with data.cluster as _world(_sts(3), [_one, narrow])
}

test_budget_does_not_stand_beside_itself if {
	rule.report == set() with input as _write("UPDATE", _one, _budget("web", {"maxUnavailable": 2}))
		with data.cluster as _world(_sts(3), [_one])
	rule.report == set() with input as _write("CREATE", null, _one) with data.cluster as _world(_sts(3), [])
}

test_budget_for_no_disruption_is_said_of_the_set_and_of_the_budget[text] if {
	some text, spec in {
		"none": {"maxUnavailable": 0},
		"none in percent": {"maxUnavailable": "0%"},
		"all in percent": {"minAvailable": "100%"},
		"nothing said": {},
		"all": {"minAvailable": 3},
		"more than all": {"minAvailable": 4},
		"nearly all, rounded up": {"minAvailable": "70%"},
	}
	{[finding.what, finding.advice] | some finding in rule.report} == {[
		`budget "web" never allows an eviction of these pods: a drain never finishes`,
		true,
	]} with input as _scale(5, 3) with data.cluster as _world(_sts(5), [_budget("web", spec)])
	{[finding.what, finding.advice] | some finding in rule.report} == {[
		`never allows an eviction of StatefulSet "web"'s pods: a drain never finishes`,
		true,
	]} with input as _write("CREATE", null, _budget("web", spec)) with data.cluster as _world(_sts(3), [])
}

test_budget_for_one_disruption_is_fine[text] if {
	some text, spec in {
		"one": {"maxUnavailable": 1},
		"one in percent, rounded up": {"maxUnavailable": "1%"},
		"all but one": {"minAvailable": 2},
		"two thirds": {"minAvailable": "66%"},
	}
	rule.report == set() with input as _scale(5, 3) with data.cluster as _world(_sts(5), [_budget("web", spec)])
	rule.report == set() with input as _write("CREATE", null, _budget("web", spec))
		with data.cluster as _world(_sts(3), [])
}

test_number_is_not_judged_where_the_budget_selects_others_too[text] if {
	other := object.union(_sts(3), {"metadata": {"name": "other"}})
	some text, others in {
		"a StatefulSet": {"statefulsets": {"default": {"other": other}}},
		"a Deployment": {"deployments": {"default": {"other": other}}},
	}
	world := object.union(_world(_sts(5), [_budget("web", {"minAvailable": 3})]), others)
	rule.report == set() with input as _scale(5, 3) with data.cluster as world
}

test_nothing_is_evicted_from_a_set_without_pods if {
	rule.report == set() with input as _scale(3, 0)
		with data.cluster as _world(_sts(3), [_budget("web", {"maxUnavailable": 0})])
	rule.report == set() with input as _write("CREATE", null, _budget("web", {"maxUnavailable": 0}))
		with data.cluster as _world(_sts(0), [])
}

test_budget_of_the_manifests_is_told_at_the_set if {
	{finding.object.kind | some finding in rule.report} == {"StatefulSet"}
		with input as [{"path": "a.yaml", "contents": [_sts(3), _budget("web", {"maxUnavailable": 0})]}]
}

_one := _budget("web", {"maxUnavailable": 1})

_budget(name, spec) := {
	"apiVersion": "policy/v1",
	"kind": "PodDisruptionBudget",
	"metadata": {"name": name},
	"spec": object.union({"selector": {"matchLabels": {"app": "nginx"}}}, spec),
}

_sts(replicas) := object.union(_labelled({"app": "nginx"}), {"spec": {"replicas": replicas}})

_labelled(labels) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"replicas": 3, "template": {"metadata": {"labels": labels}}},
}

_update(before, after) := {"request": {"operation": "UPDATE", "oldObject": before, "object": after}}

_write(operation, before, after) := {"request": {"operation": operation, "oldObject": before, "object": after}}

_scale(before, after) := {"request": {
	"operation": "UPDATE",
	"kind": {"group": "autoscaling", "kind": "Scale"},
	"resource": {"group": "apps", "resource": "statefulsets"},
	"subResource": "scale",
	"oldObject": {"kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": before}},
	"object": {"kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": after}},
}}

_world(sts, budgets) := {
	"known": {"poddisruptionbudgets": true},
	"statefulsets": {"default": {"web": sts}},
	"poddisruptionbudgets": {"default": {budget.metadata.name: budget | some budget in budgets}},
}

test_budget_that_allows_everything_is_said[text] if {
	some text, spec in {
		"max share": {"maxUnavailable": "100%"},
		"max number": {"maxUnavailable": 3},
		"min": {"minAvailable": 0},
		"min share": {"minAvailable": "0%"},
	}
	{finding.what | some finding in rule.report} == {
		`budget "web" allows all 3 pods to be evicted at once: it protects nothing`,
	} with input as [{"path": "a.yaml", "contents": [_sts(3), _budget("web", spec)]}]
}

test_budget_that_allows_nothing_is_said_without_its_set[text] if {
	some text, spec in {"max": {"maxUnavailable": 0}, "min": {"minAvailable": "100%"}}
	{[finding.what, finding.advice] | some finding in rule.report} == {[
		"never allows an eviction of any pod: a drain waits for ever",
		true,
	]} with input as [{"path": "a.yaml", "contents": [_budget("web", spec)]}]
}
