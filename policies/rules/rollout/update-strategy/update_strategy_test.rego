package stateward.rules.rollout["update-strategy_test"]

import data.stateward.rules.rollout["update-strategy"] as rule

test_recreate_is_said_of_several_pods[door] if {
	some door, document in {
		"manifest": _sts("Recreate", 3),
		"create": {"request": {"operation": "CREATE", "object": _sts("Recreate", 3)}},
		"changed to it": _update(_sts("RollingUpdate", 3), _sts("Recreate", 3)),
	}
	{[finding.msg, finding.existing] | some finding in rule.report} == {[
		concat(" ", [
			"[update-strategy] spec.updateStrategy.type:",
			"Recreate: an update stops all 3 pods at once, whatever the partition.",
			"Fix: use RollingUpdate, with a partition for the first pod.",
		]),
		false,
	]} with input as document
}

test_recreate_that_stays_is_grandfathered if {
	[finding.existing | some finding in rule.report] == [true]
		with input as _update(_sts("Recreate", 3), _sts("Recreate", 4))
}

test_change_of_the_pods_is_said_each_time if {
	after := object.union(_sts("Recreate", 3), {"spec": {"template": {"metadata": {"labels": {"a": "b"}}}}})
	{[finding.what, finding.existing] | some finding in rule.report} == {[
		"Recreate: this change of the pods stops all 3 of them at once",
		false,
	]} with input as _update(_sts("Recreate", 3), after)
}

test_one_pod_and_other_strategies_are_fine if {
	rule.report == set() with input as _sts("Recreate", 1)
	rule.report == set() with input as _sts("RollingUpdate", 3)
	rule.report == set() with input as _sts("OnDelete", 3)
}

_update(before, after) := {"request": {"operation": "UPDATE", "oldObject": before, "object": after}}

_sts(strategy, replicas) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"replicas": replicas, "updateStrategy": {"type": strategy}, "template": {}},
}
