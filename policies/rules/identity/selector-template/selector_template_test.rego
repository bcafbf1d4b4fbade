package stateward.rules.identity["selector-template_test"]

import data.stateward.rules.identity["selector-template"] as rule

_labels := {"app": "nginx", "tier": "web"}

test_selector_that_matches_is_fine[selector] if {
	some selector in [
		{"matchLabels": {"app": "nginx"}},
		{"matchLabels": _labels},
		{"matchLabels": {"app": "nginx"}, "matchExpressions": null},
		{"matchLabels": null, "matchExpressions": [_expression("app", "Exists", null)]},
		{"matchExpressions": [_expression("app", "In", ["apache", "nginx"])]},
		{"matchExpressions": [_expression("app", "NotIn", ["apache"])]},
		{"matchExpressions": [_expression("owner", "NotIn", ["bob"])]},
		{"matchExpressions": [_expression("owner", "DoesNotExist", [])]},
	]
	rule.report == set() with input as _sts(selector, _labels)
}

test_absent_selector_is_left_to_the_mutation if {
	rule.report == set() with input as _sts(null, _labels)
	rule.report == set() with input as {
		"apiVersion": "apps/v1",
		"kind": "StatefulSet",
		"metadata": {"name": "web"},
		"spec": {"template": {"metadata": {"labels": _labels}}},
	}
}

test_each_label_that_differs_is_named if {
	messages := {finding.msg | some finding in rule.report}
		with input as _sts({"matchLabels": {"app": "web", "owner": "bob", "tier": "web"}}, _labels)
	messages == {concat(" ", [
		"[selector-template] spec.selector: requires app=web, but the pods have app=nginx,",
		"requires owner=bob, but the pods have no owner.",
		"Fix: give the selector and the pod template the same labels.",
	])}
}

test_expression_that_differs_is_named[expected] if {
	some expected, expression in {
		"requires app in (apache, caddy), but the pods have app=nginx": _expression("app", "In", ["apache", "caddy"]),
		"requires owner in (bob), but the pods have no owner": _expression("owner", "In", ["bob"]),
		"requires app not in (nginx), but the pods have app=nginx": _expression("app", "NotIn", ["nginx"]),
		"requires owner, but the pods have no owner": _expression("owner", "Exists", null),
		"requires no app, but the pods have app=nginx": _expression("app", "DoesNotExist", null),
	}
	{finding.what | some finding in rule.report} == {expected}
		with input as _sts({"matchExpressions": [expression]}, _labels)
}

test_labels_and_expressions_are_named_together if {
	{finding.what | some finding in rule.report} == {concat(", ", [
		"requires app=web, but the pods have app=nginx",
		"requires owner, but the pods have no owner",
	])} with input as _sts(
		{"matchLabels": {"app": "web"}, "matchExpressions": [_expression("owner", "Exists", [])]},
		_labels,
	)
}

test_pods_without_labels_match_nothing[labels] if {
	some labels in [null, {}, [], "app=nginx"]
	{finding.what | some finding in rule.report} == {"requires app=nginx, but the pods have no app"}
		with input as _sts({"matchLabels": {"app": "nginx"}}, labels)
}

test_number_is_told_from_text if {
	{finding.what | some finding in rule.report} == {"requires version=1, but the pods have version=1 (a number)"}
		with input as _sts({"matchLabels": {"version": "1"}}, {"version": 1})
	{finding.what | some finding in rule.report} == {"requires version in (1 (a number)), but the pods have version=1"}
		with input as _sts({"matchExpressions": [_expression("version", "In", [1])]}, {"version": "1"})
}

test_empty_selector_is_refused_by_kubernetes[selector] if {
	some selector in [
		{},
		{"matchLabels": {}},
		{"matchLabels": null, "matchExpressions": []},
		{"app": "nginx"},
	]
	{finding.what | some finding in rule.report} == {
		"has neither matchLabels nor matchExpressions: Kubernetes rejects an empty selector",
	} with input as _sts(selector, _labels)
}

test_selector_of_a_wrong_type_is_denied[expected] if {
	some expected, selectors in {
		"must be an object with matchLabels or matchExpressions": ["app=nginx", ["app"], 5, false],
		"matchLabels must be a map of labels": [{"matchLabels": "app=nginx"}, {"matchLabels": ["app"]}, {"matchLabels": []}],
		"matchExpressions must be a list": [{"matchExpressions": {"app": "nginx"}}, {"matchExpressions": "app"}],
	}
	every selector in selectors {
		{finding.what | some finding in rule.report} == {expected} with input as _sts(selector, _labels)
	}
}

test_expression_that_is_none_is_denied[expected] if {
	some expected, expressions in {
		"has an expression without a key": ["app", null, {}, {"operator": "Exists"}],
		`operator "in" is unknown, use one of DoesNotExist, Exists, In, NotIn`: [_expression("app", "in", ["nginx"])],
		"operator null is unknown, use one of DoesNotExist, Exists, In, NotIn": [{"key": "app"}],
		"operator In of app requires values": [_expression("app", "In", []), _expression("app", "In", "nginx")],
		"operator NotIn of app requires values": [_expression("app", "NotIn", null)],
		"operator Exists of app takes no values": [_expression("app", "Exists", ["nginx"])],
		"operator DoesNotExist of owner takes no values": [_expression("owner", "DoesNotExist", ["bob"])],
	}
	every expression in expressions {
		{finding.what | some finding in rule.report} == {expected}
			with input as _sts({"matchExpressions": [expression]}, _labels)
	}
}

test_finding_is_a_denial_at_the_selector if {
	some finding in rule.report with input as _sts({"matchLabels": {"app": "web"}}, _labels)
	finding.path == ["spec", "selector"]
	finding.severity == "deny"
	finding.existing == false
}

test_create_is_judged if {
	{finding.existing | some finding in rule.report} == {false} with input as {"request": {
		"operation": "CREATE",
		"object": _sts({"matchLabels": {"app": "web"}}, _labels),
	}}
}

test_update_is_grandfathered_until_selector_or_labels_change[change] if {
	wrong := _sts({"matchLabels": {"app": "web"}}, _labels)
	some change, case in {
		"replicas": {"before": wrong, "after": object.union(wrong, {"spec": {"replicas": 5}}), "existing": true},
		"labels": {"before": _sts({"matchLabels": {"app": "web"}}, {"app": "web"}), "after": wrong, "existing": false},
		"selector": {"before": _sts({"matchLabels": _labels}, _labels), "after": wrong, "existing": false},
	}
	{finding.existing | some finding in rule.report} == {case.existing} with input as {"request": {
		"operation": "UPDATE",
		"oldObject": case.before,
		"object": case.after,
	}}
}

test_deletion_is_not_judged if {
	rule.report == set() with input as {"request": {"operation": "DELETE", "oldObject": _sts({}, _labels)}}
}

test_other_kinds_are_not_judged if {
	rule.report == set() with input as object.union(_sts({}, _labels), {"kind": "Deployment"})
}

_expression(key, operator, values) := {"key": key, "operator": operator, "values": values}

_sts(selector, labels) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"selector": selector, "template": {"metadata": {"labels": labels}}},
}
