package stateward.rules.guardrails["guarded-labels_test"]

import data.stateward.rules.guardrails["guarded-labels"] as rule

test_set_that_leaves_the_match_is_denied[spec] if {
	some spec in [{"replicas": 1}, {"replicas": 0, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}]
	{[finding.what, finding.severity, finding.existing] | some finding in rule.report} == {[
		`with these labels spec.match of the Guardrails no longer selects StatefulSet "web": no rule would protect it`,
		"deny",
		false,
	]} with input as _update(_set({"guarded": "yes"}, spec), _set({}, spec))
		with data.kind as "Guardrails"
		with data.spec as _by_label
}

test_claim_that_leaves_the_match_is_denied if {
	{finding.what | some finding in rule.report} == {concat(" ", [
		"with these labels spec.match of the Guardrails no longer selects",
		`PersistentVolumeClaim "data-web-0": no rule would protect it`,
	])} with input as _update(_claim({"guarded": "yes"}, "Bound"), _claim({"guarded": "no"}, "Bound"))
		with data.kind as "Guardrails"
		with data.spec as _by_label
	rule.report == set() with input as _update(_claim({"guarded": "yes"}, "Pending"), _claim({}, "Pending"))
		with data.kind as "Guardrails"
		with data.spec as _by_label
}

test_what_a_running_set_needs_stays_in_the_match[kind] if {
	some kind, spec in {"Service": {}, "PodDisruptionBudget": {"selector": {"matchLabels": {"app": "db"}}}}
	review := _update(_needed(kind, {"guarded": "yes"}, spec), _needed(kind, {}, spec))
	{finding.what | some finding in rule.report} == {sprintf(
		"with these labels spec.match of the Guardrails no longer selects %s %q: no rule would protect it",
		[kind, "db"],
	)} with input as review
		with data.kind as "Guardrails" with data.spec as _by_label
		with data.cluster.statefulsets as _needing(3)
	rule.report == set() with input as review
		with data.kind as "Guardrails" with data.spec as _by_label
		with data.cluster.statefulsets as _needing(0)
}

test_namespace_takes_along_what_is_in_it if {
	{[finding.what, object.get(finding, "outside", false)] | some finding in rule.report} == {[
		concat(" ", [
			"with these labels spec.match of the Guardrails no longer selects",
			`PersistentVolumeClaim "data-web-0", StatefulSet "a", StatefulSet "b" and 1 more: no rule would protect them`,
		]),
		false,
	]} with input as _update(_namespace({"guarded": "yes"}), _namespace({}))
		with data.kind as "Guardrails" with data.spec as _by_both
		with data.cluster as _inhabited
}

test_namespace_without_anything_to_lose_may_leave if {
	selects := {"match": {"namespaceSelector": {"matchLabels": {"guarded": "yes"}}}}
	rule.report == set() with input as _update(_namespace({"guarded": "yes"}), _namespace({}))
		with data.kind as "Guardrails"
		with data.spec as selects
	rule.report == set() with input as _update(_namespace({"guarded": "yes"}), _namespace({"guarded": "yes", "a": "b"}))
		with data.kind as "Guardrails" with data.spec as selects
		with data.cluster as _inhabited
}

test_change_that_stays_in_the_match_is_fine[name] if {
	some name, case in {
		"another label": [{"guarded": "yes"}, {"guarded": "yes", "team": "data"}],
		"was outside": [{}, {"guarded": "no"}],
		"comes in": [{}, {"guarded": "yes"}],
		"the same": [{"guarded": "yes"}, {"guarded": "yes"}],
	}
	rule.report == set() with input as _update(_set(case[0], {"replicas": 1}), _set(case[1], {"replicas": 2}))
		with data.kind as "Guardrails"
		with data.spec as _by_label
}

test_guardrails_that_select_by_no_label_lose_nothing if {
	rule.report == set() with input as _update(_set({"guarded": "yes"}, {}), _set({}, {}))
	rule.report == set() with input as _update(_set({"guarded": "yes"}, {}), _set({}, {}))
		with data.kind as "Guardrails" with data.spec as {"match": {"namespaces": ["default"]}}
}

test_set_without_anything_to_lose_may_leave if {
	rule.report == set() with input as _update(_set({"guarded": "yes"}, {"replicas": 0}), _set({}, {"replicas": 0}))
		with data.kind as "Guardrails"
		with data.spec as _by_label
}

test_match_of_one_rule_that_is_left_is_mentioned if {
	{[finding.what, finding.advice] | some finding in rule.report} == {[
		`with these labels rule quorum no longer applies to StatefulSet "web"`,
		true,
	]} with input as _update(_set({"guarded": "yes"}, {}), _set({}, {}))
		with data.kind as "Guardrails" with data.spec as {"rules": [
			{"id": "quorum", "match": {"labelSelector": {"matchLabels": {"guarded": "yes"}}}},
			{"id": "peers", "match": {"namespaces": ["*"]}},
			{"id": "spread", "action": "off"},
		]}
}

_by_label := {"match": {"labelSelector": {"matchLabels": {"guarded": "yes"}}}}

_by_both := {"match": {
	"namespaceSelector": {"matchLabels": {"guarded": "yes"}},
	"labelSelector": {"matchLabels": {"app": "db"}},
}}

_inhabited := {
	"statefulsets": {"data": {name: object.union(_set({"app": "db"}, {}), {"metadata": {"name": name}}) |
		some name in ["a", "b", "c"]
	}},
	"persistentvolumeclaims": {"data": {"data-web-0": _claim({"app": "db"}, "Bound")}},
}

_update(before, after) := {"request": {
	"operation": "UPDATE",
	"kind": {"group": _groups[after.kind], "version": "v1", "kind": after.kind},
	"name": after.metadata.name,
	"oldObject": before,
	"object": after,
}}

_groups := {
	"StatefulSet": "apps",
	"PersistentVolumeClaim": "",
	"Service": "",
	"PodDisruptionBudget": "policy",
	"Namespace": "",
}

_needed(kind, labels, spec) := {"kind": kind, "metadata": {"name": "db", "labels": labels}, "spec": spec}

_needing(replicas) := {"default": {"web": _set({}, {
	"replicas": replicas,
	"serviceName": "db",
	"template": {"metadata": {"labels": {"app": "db"}}},
})}}

_set(labels, spec) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web", "labels": labels},
	"spec": spec,
}

_claim(labels, phase) := {
	"apiVersion": "v1",
	"kind": "PersistentVolumeClaim",
	"metadata": {"name": "data-web-0", "labels": labels},
	"status": {"phase": phase},
}

_namespace(labels) := {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "data", "labels": labels}}
