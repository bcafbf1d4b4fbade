package stateward.rules.scale["max-replicas_test"]

import data.stateward.rules.scale["max-replicas"] as rule

test_more_than_the_limit_is_found if {
	{[finding.what, finding.field, finding.severity] | some finding in rule.report} == {[
		"101 is more than 100, the most that is allowed",
		"spec.replicas",
		"off",
	]} with input as _sts({"replicas": 101})
}

test_limit_is_a_parameter if {
	{finding.what | some finding in rule.report} == {"4 is more than 3, the most that is allowed"}
		with input as _sts({"replicas": 4})
		with data.kind as "Guardrails"
		with data.spec as {"rules": [{"id": "max-replicas", "params": {"max": 3}}]}
}

test_up_to_the_limit_is_fine[spec] if {
	some spec in [{}, {"replicas": 0}, {"replicas": 100}]
	rule.report == set() with input as _sts(spec)
}

test_only_a_raise_is_new[name] if {
	some name, case in {
		"raised": {"before": 101, "existing": false},
		"lowered": {"before": 2000, "existing": true},
	}
	{finding.existing | some finding in rule.report} == {case.existing}
		with input as _update("StatefulSet", _sts({"replicas": case.before}), _sts({"replicas": 200}))
	{finding.existing | some finding in rule.report} == {case.existing}
		with input as _update("Scale", {"spec": {"replicas": case.before}}, {"spec": {"replicas": 200}})
}

_update(kind, before, after) := {"request": {
	"operation": "UPDATE",
	"kind": {"group": _groups[kind], "version": "v1", "kind": kind},
	"resource": {"group": "apps", "version": "v1", "resource": "statefulsets"},
	"namespace": "default",
	"name": "web",
	"oldObject": before,
	"object": after,
}}

_groups := {"StatefulSet": "apps", "Scale": "autoscaling"}

_sts(spec) := {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": spec}
