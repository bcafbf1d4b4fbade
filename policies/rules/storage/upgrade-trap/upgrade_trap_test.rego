package stateward.rules.storage["upgrade-trap_test"]

import data.stateward.rules.storage["upgrade-trap"] as rule

test_version_in_the_selector_is_mentioned[label] if {
	some label in ["helm.sh/chart", "app.kubernetes.io/version"]
	{[finding.path, finding.what, finding.severity] | some finding in rule.report} == {[
		["spec", "selector", "matchLabels", label],
		`"db-1.0.0" cannot be changed here, so the next version cannot be applied`,
		"warn",
	]} with input as _sts({label: "db-1.0.0"}, {})
}

test_version_in_the_labels_of_a_claim_is_mentioned if {
	{finding.field | some finding in rule.report} == {`spec.volumeClaimTemplates[0].metadata.labels["helm.sh/chart"]`}
		with input as _sts({}, {"helm.sh/chart": "db-1.0.0"})
}

test_labels_are_a_parameter if {
	{finding.path[3] | some finding in rule.report} == {"build"} with input as _sts({"build": "7", "version": "1"}, {})
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "upgrade-trap", "params": {"labels": ["build"]}}]
}

test_value_that_looks_like_a_version_is_mentioned[value] if {
	some value in ["1.2.3", "v1.2.3", "redis-7.2.4", "7.2.4-alpine", "chart_1.0.0"]
	{finding.path[3] | some finding in rule.report} == {"release"} with input as _sts({"release": value}, {})
}

test_other_values_are_fine[value] if {
	some value in ["10.0.0.1", "v1", "7.2", "db-0", "2024"]
	rule.report == set() with input as _sts({"release": value}, {"release": value})
}

test_expressions_of_the_selector_are_read if {
	expressions := [
		{"key": "app", "operator": "In", "values": ["db"]},
		{"key": "helm.sh/chart", "operator": "In", "values": ["db-1"]},
		{"key": "version", "operator": "Exists"},
	]
	sts := object.union(_sts({}, {}), {"spec": {"selector": {"matchExpressions": expressions}}})
	[[finding.field, finding.what] | some finding in rule.report] == [[
		"spec.selector.matchExpressions[1].values",
		`"db-1" cannot be changed here, so the next version cannot be applied`,
	]] with input as sts
}

test_other_labels_and_updates_are_fine if {
	rule.report == set() with input as _sts({"app": "db"}, {"app": "db"})
	rule.report == set() with input as {"request": {
		"operation": "UPDATE",
		"oldObject": _sts({"version": "1"}, {}),
		"object": _sts({"version": "1"}, {}),
	}}
}

_sts(selector, labels) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {
		"selector": {"matchLabels": selector},
		"volumeClaimTemplates": [{"metadata": {"name": "www", "labels": labels}}],
	},
}
