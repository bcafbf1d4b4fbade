package stateward.rules.availability["budget-in-use_test"]

import data.stateward.rules.availability["budget-in-use"] as rule

test_deletion_of_the_budget_of_a_running_set_is_denied if {
	[[finding.msg, object.get(finding, "advice", false)] | some finding in rule.report] == [[
		concat(" ", [
			`[budget-in-use] metadata.name: budget "web" protects the 3 pods of StatefulSet "web":`,
			"without it a drain may evict all at once. Fix: delete the StatefulSet or scale it to 0 first, or confirm it:",
			"kubectl annotate poddisruptionbudget web -n default --overwrite --field-manager=stateward-confirm",
			"stateward.dev/confirm=delete stateward.dev/confirm-rules=budget-in-use stateward.dev/confirm-for=10m",
		]),
		false,
	]] with input as _delete("alice", {}) with data.cluster as _cluster({}, {})
}

test_one_pod_is_named_so if {
	{finding.what | some finding in rule.report} == {
		`budget "web" protects the only pod of StatefulSet "web": without it a drain may evict all at once`,
	} with input as _delete("alice", {}) with data.cluster as _cluster({"spec": {"replicas": 1}}, {})
}

test_budget_of_a_set_that_ends_may_go[case] if {
	some case, set in {
		"scaled to 0": {"spec": {"replicas": 0}},
		"terminating": {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}},
		"confirmed": {"metadata": {"annotations": {
			"stateward.dev/confirm": "delete",
			"stateward.dev/confirm-rules": "cascade-delete",
			"stateward.dev/confirm-until": "2026-11-23T12:10:00Z",
			"stateward.dev/confirmed-by": "alice",
		}}},
		"others": {"spec": {"template": {"metadata": {"labels": {"app": "other"}}}}},
	}
	rule.report == set() with input as _delete("alice", {}) with data.cluster as _cluster(set, {})
}

test_confirmation_that_has_ended_does_not_count if {
	marks := {
		"stateward.dev/confirm": "delete",
		"stateward.dev/confirm-rules": "cascade-delete",
		"stateward.dev/confirm-until": "2026-11-23T11:10:00Z",
		"stateward.dev/confirmed-by": "alice",
	}
	count(rule.report) == 1 with input as _delete("alice", {})
		with data.cluster as _cluster({"metadata": {"annotations": marks}}, {})
}

test_one_of_two_budgets_may_go if {
	other := _budget({}, {"maxUnavailable": 1})
	rule.report == set() with input as _delete("alice", {}) with data.cluster as _cluster({}, {"other": other})
	count(rule.report) == 1 with input as _delete("alice", {})
		with data.cluster as _cluster({}, {"other": object.union(other, {"metadata": {"deletionTimestamp": "now"}})})
}

test_operator_replaces_a_budget_that_is_owned if {
	owned := {"ownerReferences": [{"kind": "Postgresql", "name": "db", "controller": true}]}
	operator := "system:serviceaccount:zalando:operator"
	[finding.advice | some finding in rule.report] == [true] with input as _delete(operator, owned)
		with data.cluster as _cluster({}, {})
	[object.get(finding, "advice", false) | some finding in rule.report] == [false] with input as _delete(operator, {})
		with data.cluster as _cluster({}, {})
	[object.get(finding, "advice", false) | some finding in rule.report] == [false] with input as _delete("bob", owned)
		with data.cluster as _cluster({}, {})
}

test_weaker_budget_is_a_warning[what] if {
	some what, change in {
		`from minAvailable 2 to minAvailable 1 more pods of StatefulSet "web" may be evicted at a time`: [
			{"minAvailable": 2},
			{"minAvailable": 1},
		],
		`from minAvailable 60% to minAvailable 10% more pods of StatefulSet "web" may be evicted at a time`: [
			{"minAvailable": "60%"},
			{"minAvailable": "10%"},
		],
		`from maxUnavailable 1 to maxUnavailable 100% more pods of StatefulSet "web" may be evicted at a time`: [
			{"maxUnavailable": 1},
			{"maxUnavailable": "100%"},
		],
		`from no maxUnavailable to maxUnavailable 1 more pods of StatefulSet "web" may be evicted at a time`: [
			{},
			{"maxUnavailable": 1},
		],
	}
	[[finding.what, finding.advice] | some finding in rule.report] == [[what, true]]
		with input as _update(_budget({}, change[0]), _budget({}, change[1]))
		with data.cluster as _cluster({}, {})
}

test_stricter_budget_is_fine if {
	rule.report == set()
		with input as _update(_budget({}, {"minAvailable": 1}), _budget({}, {"minAvailable": 2}))
		with data.cluster as _cluster({}, {})
}

test_selector_that_leaves_the_set_is_a_warning if {
	elsewhere := {"selector": {"matchLabels": {"app": "other"}}, "minAvailable": 1}
	{finding.what | some finding in rule.report} == {
		`budget "web" no longer selects the pods of StatefulSet "web"`,
	} with input as _update(_budget({}, {"minAvailable": 1}), _budget({}, elsewhere))
		with data.cluster as _cluster({}, {})
}

test_budget_without_a_selector_is_a_warning if {
	{finding.what | some finding in rule.report} == {`budget "web" no longer selects the pods of StatefulSet "web"`}
		with input as _update(_budget({}, {}), json.remove(_budget({}, {}), ["/spec/selector"]))
		with data.cluster as _cluster({}, {})
}

test_budget_of_pods_without_their_set_is_kept if {
	{[finding.what, object.get(finding, "advice", false)] | some finding in rule.report} == {[
		`budget "web" protects web-0, web-1, which run on without their StatefulSet: a drain may evict all at once`,
		false,
	]} with input as _delete("alice", {})
		with data.cluster.pods as _orphans
}

test_budget_of_other_pods_without_their_set_may_go if {
	other := object.union(_budget({}, {"maxUnavailable": 1}), {"metadata": {"name": "other"}})
	rule.report == set() with input as _delete("alice", {})
		with data.cluster.pods as _orphans
		with data.cluster.poddisruptionbudgets as {"default": {"other": other}}
	rule.report == set() with input as _delete("alice", {}) with data.cluster.pods as {"default": {"web-0": object.union(
		_orphans["default"]["web-0"],
		{"metadata": {"labels": {"app": "other"}}},
	)}}
}

_orphans := {"default": {name: pod |
	some name in ["web-0", "web-1"]
	pod := {
		"metadata": {"name": name, "labels": {"app": "web", "statefulset.kubernetes.io/pod-name": name}},
		"status": {"phase": "Running"},
	}
}}

_delete(user, metadata) := _request(user, {"operation": "DELETE", "oldObject": _budget(metadata, {"minAvailable": 2})})

_update(old, new) := _request("alice", {"operation": "UPDATE", "oldObject": old, "object": new})

_request(user, request) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": object.union(request, {
		"kind": {"group": "policy", "kind": "PodDisruptionBudget"},
		"userInfo": {"username": user},
	}),
}

_budget(metadata, spec) := {
	"apiVersion": "policy/v1",
	"kind": "PodDisruptionBudget",
	"metadata": object.union({"name": "web"}, metadata),
	"spec": object.union({"selector": {"matchLabels": {"app": "web"}}}, spec),
}

_cluster(set, budgets) := {
	"statefulsets": {"default": {"web": object.union(_set, set)}},
	"poddisruptionbudgets": {"default": {name: object.union(budget, {"metadata": {"name": name}}) |
		some name, budget in budgets
	}},
}

_set := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web", "namespace": "default"},
	"spec": {"replicas": 3, "template": {"metadata": {"labels": {"app": "web"}}}},
}
