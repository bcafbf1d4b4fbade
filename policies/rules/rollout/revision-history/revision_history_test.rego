package stateward.rules.rollout["revision-history_test"]

import data.stateward.rules.rollout["revision-history"] as rule

test_no_history_is_mentioned if {
	{[finding.msg, finding.severity] | some finding in rule.report} == {[
		concat(" ", [
			"[revision-history] spec.revisionHistoryLimit: 0 keeps no old revision:",
			"kubectl rollout undo has nothing to go back to.",
			"Fix: leave revisionHistoryLimit out (10), or keep at least 1.",
		]),
		"warn",
	]} with input as _sts({"revisionHistoryLimit": 0})
}

test_some_history_is_fine[spec] if {
	some spec in [{}, {"revisionHistoryLimit": null}, {"revisionHistoryLimit": 1}, {"revisionHistoryLimit": 10}]
	rule.report == set() with input as _sts(spec)
}

test_history_that_was_off_before_is_an_existing_problem if {
	{finding.existing | some finding in rule.report} == {true} with input as _update(0)
	{finding.existing | some finding in rule.report} == {false} with input as _update(10)
}

_update(before) := {"request": {
	"operation": "UPDATE",
	"object": _sts({"revisionHistoryLimit": 0, "replicas": 3}),
	"oldObject": _sts({"revisionHistoryLimit": before}),
}}

_sts(spec) := {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": spec}
