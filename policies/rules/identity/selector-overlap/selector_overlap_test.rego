package stateward.rules.identity["selector-overlap_test"]

import data.stateward.rules.identity["selector-overlap"] as rule

_fix := "Fix: give each selector and pod template a label that the other one lacks."

test_set_whose_selector_matches_others_is_denied[kind] if {
	some kind in ["StatefulSet", "Deployment"]
	messages := {finding.msg | some finding in rule.report} with input as _create(_set("web", _wide, _db))
		with data.cluster as _world(kind, _set("db", _narrow, _db))
	messages == {concat(" ", [
		sprintf("[selector-overlap] spec.selector: also matches the pods of %s \"db\".", [kind]),
		_fix,
	])}
}

test_set_whose_pods_another_selects_is_denied[kind] if {
	some kind in ["StatefulSet", "Deployment"]
	messages := {finding.msg | some finding in rule.report} with input as _create(_set("db", _narrow, _db))
		with data.cluster as _world(kind, _set("web", _wide, {"app": "shop", "part": "web"}))
	messages == {concat(" ", [
		"[selector-overlap] spec.template.metadata.labels:",
		sprintf("the selector of %s \"web\" also matches these pods.", [kind]),
		_fix,
	])}
}

test_overlap_of_two_sets_is_a_warning if {
	some finding in rule.report with input as _create(_set("web", _wide, _db))
		with data.cluster as _world("StatefulSet", _set("db", _narrow, _db))
	finding.severity == "warn"
	finding.existing == false
	not finding.advice
	finding.others == [{"kind": "StatefulSet", "namespace": "default", "name": "db"}]
}

test_overlap_with_a_deployment_is_a_denial if {
	some finding in rule.report with input as _create(_set("web", _wide, _db))
		with data.cluster as _world("Deployment", _set("db", _narrow, _db))
	finding.severity == "deny"
}

test_expressions_count if {
	wide := {"matchExpressions": [{"key": "part", "operator": "In", "values": ["db", "web"]}]}
	count(rule.report) == 1 with input as _create(_set("web", wide, {"part": "web"}))
		with data.cluster as _world("StatefulSet", _set("db", _narrow, _db))
	apart := {"matchExpressions": [{"key": "part", "operator": "NotIn", "values": ["db"]}]}
	count(rule.report) == 0 with input as _create(_set("web", apart, {"part": "web"}))
		with data.cluster as _world("StatefulSet", _set("db", _narrow, _db))
}

test_absent_selector_will_be_the_templates_labels if {
	count(rule.report) == 1 with input as _create(_set("web", null, {"app": "shop"}))
		with data.cluster as _world("StatefulSet", _set("db", _narrow, _db))
	count(rule.report) == 0 with input as _create(_set("web", null, {"app": "shop", "part": "web"}))
		with data.cluster as _world("StatefulSet", _set("db", _narrow, _db))
}

test_empty_selector_is_left_to_selector_template if {
	rule.report == set() with input as _create(_set("web", {}, {"part": "web"}))
		with data.cluster as _world("StatefulSet", _set("db", _narrow, _db))
	apart := {"matchLabels": {"part": "web"}}
	rule.report == set() with input as _create(_set("web", apart, {"part": "web"}))
		with data.cluster as _world("StatefulSet", _set("db", {}, _db))
}

test_selectors_that_keep_apart_are_fine if {
	apart := {"matchLabels": {"part": "web"}}
	rule.report == set() with input as _create(_set("web", apart, {"app": "shop", "part": "web"}))
		with data.cluster as _world("StatefulSet", _set("db", _narrow, _db))
}

test_set_does_not_overlap_with_itself[door] if {
	sts := _set("web", _wide, _db)
	some door, document in {"create": _create(sts), "update": _update(sts, sts), "manifest": sts, "list": _files([sts])}
	rule.report == set() with input as document with data.cluster as _world("StatefulSet", sts)
}

test_deployment_of_the_same_name_is_another_workload if {
	count(rule.report) == 1 with input as _create(_set("web", _wide, _db))
		with data.cluster as _world("Deployment", _set("web", _narrow, _db))
}

test_each_manifest_of_a_pair_is_told if {
	{[finding.object.name, finding.field] | some finding in rule.report} == {
		["web", "spec.selector"],
		["db", "spec.template.metadata.labels"],
	} with input as _files([_set("web", _wide, {"app": "shop", "part": "web"}), _set("db", _narrow, _db)])
}

test_workload_of_another_namespace_does_not_count if {
	elsewhere := {"statefulsets": {"prod": {"db": _set("db", _narrow, _db)}}}
	rule.report == set() with input as _create(_set("web", _wide, _db)) with data.cluster as elsewhere
}

test_workload_that_goes_does_not_count if {
	going := object.union(_set("db", _narrow, _db), {"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}})
	rule.report == set() with input as _create(_set("web", _wide, _db)) with data.cluster as _world("StatefulSet", going)
}

test_update_is_grandfathered_until_selector_or_labels_change if {
	before := _set("db", _narrow, {"app": "store", "part": "db"})
	after := _set("db", _narrow, _db)
	other := _set("web", _wide, {"app": "shop", "part": "web"})
	[finding.existing | some finding in rule.report] == [false] with input as _update(before, after)
		with data.cluster as _world("StatefulSet", other)
	scaled := object.union(after, {"spec": {"replicas": 5}})
	[finding.existing | some finding in rule.report] == [true] with input as _update(after, scaled)
		with data.cluster as _world("StatefulSet", other)
}

test_deletion_and_other_kinds_are_not_judged if {
	rule.report == set() with input as {"request": {"operation": "DELETE", "oldObject": _set("web", _wide, _db)}}
		with data.cluster as _world("StatefulSet", _set("db", _narrow, _db))
	deployment := object.union(_set("web", _wide, _db), {"kind": "Deployment"})
	rule.report == set() with input as deployment with data.cluster as _world("StatefulSet", _set("db", _narrow, _db))
}

_wide := {"matchLabels": {"app": "shop"}}

_narrow := {"matchLabels": {"app": "shop", "part": "db"}}

_db := {"app": "shop", "part": "db"}

_set(name, selector, labels) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": name},
	"spec": {"selector": selector, "template": {"metadata": {"labels": labels}}},
}

_world(kind, workload) := {{"StatefulSet": "statefulsets", "Deployment": "deployments"}[kind]: {"default": {
	workload.metadata.name: workload,
}}}

_create(sts) := {"request": {"operation": "CREATE", "namespace": "default", "object": sts}}

_update(before, after) := {"request": {
	"operation": "UPDATE",
	"namespace": "default",
	"oldObject": before,
	"object": after,
}}

_files(documents) := [{"path": "all.yaml", "contents": documents}]
