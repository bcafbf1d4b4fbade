package stateward.rules.rollout["partition-range_test"]

import data.stateward.rules.rollout["partition-range"] as rule

_range := "Fix: choose a partition from 0 (update every pod) to replicas - 1 (update the last pod only)."

test_partition_beyond_replicas_is_denied if {
	messages := {finding.msg | some finding in rule.report} with input as _sts(3, 4)
	messages == {_message("4 is greater than replicas 3: no update would reach any pod")}
}

test_partition_beyond_replicas_says_where if {
	some finding in rule.report with input as _sts(3, 99)
	finding.path == ["spec", "updateStrategy", "rollingUpdate", "partition"]
	finding.severity == "deny"
	finding.existing == false
	not finding.advice
}

test_partition_equal_to_replicas_is_mentioned if {
	some finding in rule.report with input as _sts(3, 3)
	finding.msg == _message("3 equals replicas: an update reaches no pod")
	finding.advice == true
}

test_partition_equal_to_replicas_is_said_once if {
	count(rule.report) == 1 with input as _sts(3, 3)
}

test_negative_partition_is_denied if {
	messages := {finding.msg | some finding in rule.report} with input as _sts(3, -1)
	messages == {_message("-1 is negative")}
}

test_partition_within_replicas_is_fine[partition] if {
	some partition in [0, 1, 2]
	rule.report == set() with input as _update(_sts(3, 0), _sts(3, partition))
}

test_partition_in_a_new_set_is_mentioned[partition] if {
	some partition in [1, 2]
	{finding.advice | some finding in rule.report} == {true} with input as {"request": {
		"operation": "CREATE",
		"object": _sts(3, partition),
	}}
	{finding.what | some finding in rule.report; finding.advice} == {
		sprintf("%v in a new set: the pods below it stay as they are at the next update", [partition]),
	} with input as _sts(3, partition)
}

test_negative_replicas_are_no_matter_of_the_partition if rule.report == set() with input as _sts(-1, 0)

test_partition_zero_of_no_replicas_is_fine if {
	rule.report == set() with input as _sts(0, 0)
}

test_partition_of_no_replicas_is_denied if {
	messages := {finding.msg | some finding in rule.report} with input as _sts(0, 1)
	messages == {_message("1 is greater than replicas 0: no update would reach any pod")}
}

test_absent_partition_is_zero[strategy] if {
	some strategy in [null, {}, {"type": "RollingUpdate"}, {"type": "RollingUpdate", "rollingUpdate": {}}]
	rule.report == set() with input as _named({"replicas": 0, "updateStrategy": strategy})
}

test_absent_replicas_are_one if {
	at_replicas := {finding.msg | some finding in rule.report}
		with input as _named({"updateStrategy": {"rollingUpdate": {"partition": 1}}})
	at_replicas == {_message("1 equals replicas: an update reaches no pod")}
	beyond := {finding.msg | some finding in rule.report}
		with input as _named({"updateStrategy": {"rollingUpdate": {"partition": 2}}})
	beyond == {_message("2 is greater than replicas 1: no update would reach any pod")}
}

test_absent_strategy_type_is_a_rolling_update if {
	count(rule.report) == 1
		with input as _named({"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 9}}})
}

test_on_delete_has_no_partition if {
	rule.report == set() with input as _named({
		"replicas": 3,
		"updateStrategy": {"type": "OnDelete", "rollingUpdate": {"partition": 9}},
	})
}

test_ordinals_do_not_move_the_partition if {
	start := {"spec": {"ordinals": {"start": 5}}}
	rule.report == set() with input as _update(_sts(3, 0), object.union(_sts(3, 2), start))
	count(rule.report) == 1 with input as object.union(_sts(3, 5), start)
}

test_partition_in_quotes_is_a_number if {
	messages := {finding.msg | some finding in rule.report} with input as _sts(3, "7")
	messages == {_message("7 is greater than replicas 3: no update would reach any pod")}
}

test_create_is_judged if {
	count(rule.report) == 1 with input as {"request": {"operation": "CREATE", "object": _sts(3, 4)}}
}

test_delete_is_not_judged if {
	rule.report == set() with input as {"request": {"operation": "DELETE", "oldObject": _sts(3, 4)}}
}

test_other_kinds_have_no_partition if {
	rule.report == set() with input as object.union(_sts(3, 4), {"kind": "Deployment"})
}

test_update_is_stopped_where_it_makes_things_worse[change] if {
	some change, sets in {
		"raises the partition into the wrong": [_sts(3, 0), _sts(3, 4)],
		"raises the partition further": [_sts(3, 4), _sts(3, 5)],
		"lowers the replicas below the partition": [_sts(5, 4), _sts(3, 4)],
		"lowers the replicas further": [_sts(3, 4), _sts(2, 4)],
		"makes the partition negative": [_sts(3, 0), _sts(3, -1)],
		"makes both worse": [_sts(3, 4), _sts(2, 5)],
		"trades the one for the other": [_sts(3, 9), _sts(2, 8)],
	}
	{finding.existing | some finding in rule.report} == {false} with input as _update(sets[0], sets[1])
}

test_update_is_let_through_where_it_makes_nothing_worse[change] if {
	some change, sets in {
		"touches something else": [_sts(3, 4), object.union(_sts(3, 4), {"spec": {"minReadySeconds": 5}})],
		"lowers the partition, not enough": [_sts(3, 9), _sts(3, 5)],
		"raises the replicas, not enough": [_sts(3, 9), _sts(5, 9)],
	}
	{finding.existing | some finding in rule.report} == {true} with input as _update(sets[0], sets[1])
}

test_update_into_the_range_is_fine if {
	rule.report == set() with input as _update(_sts(3, 9), _sts(3, 2))
	rule.report == set() with input as _update(_sts(3, 4), _sts(5, 4))
}

test_scale_below_the_partition_is_denied if {
	messages := {finding.msg | some finding in rule.report} with input as _scale({"replicas": 5}, {"replicas": 2})
		with data.cluster.statefulsets as _stored(_sts(5, 3))
	messages == {concat(" ", [
		"[partition-range] spec.replicas: 2 is less than partition 3: no later update would reach any pod.",
		"Fix: lower the partition to at most 2 first.",
	])}
}

test_scale_down_below_the_partition_is_no_old_fault if {
	{finding.existing | some finding in rule.report} == {false} with input as _scale({"replicas": 5}, {"replicas": 2})
		with data.cluster.statefulsets as _stored(_sts(5, 3))
}

test_scale_up_towards_the_partition_is_let_through if {
	{finding.existing | some finding in rule.report} == {true} with input as _scale({"replicas": 1}, {"replicas": 2})
		with data.cluster.statefulsets as _stored(_sts(1, 3))
}

test_scale_to_the_partition_or_above_is_fine[replicas] if {
	some replicas in [3, 4]
	rule.report == set() with input as _scale({"replicas": 5}, {"replicas": replicas})
		with data.cluster.statefulsets as _stored(_sts(5, 3))
}

test_set_that_is_scaled_to_zero_keeps_its_partition if {
	rule.report == set() with input as _scale({"replicas": 5}, {})
		with data.cluster.statefulsets as _stored(_sts(5, 1))
	rule.report == set() with input as _update(_sts(5, 1), _sts(0, 1))
	count(rule.report) == 1 with input as _update(_sts(5, 1), _sts(0, 2))
	count(rule.report) == 1 with input as _update(_sts(5, -1), _sts(0, -1))
}

test_partition_that_holds_a_rollout_is_not_to_be_lowered_first if {
	held := object.union(_sts(5, 3), {"status": {"currentRevision": "web-a", "updateRevision": "web-b"}})
	[finding.fix | some finding in rule.report] == [
		"revert the template or finish the rollout, then lower the partition to at most 2 first.",
	] with input as _scale({"replicas": 5}, {"replicas": 2}) with data.cluster.statefulsets as _stored(held)
}

test_scale_to_zero_without_partition_is_fine if {
	rule.report == set() with input as _scale({"replicas": 5}, {})
		with data.cluster.statefulsets as _stored(_named({"replicas": 5}))
}

test_scale_under_on_delete_is_fine if {
	sts := object.union(_sts(5, 3), {"spec": {"updateStrategy": {"type": "OnDelete"}}})
	rule.report == set() with input as _scale({"replicas": 5}, {"replicas": 1})
		with data.cluster.statefulsets as _stored(sts)
}

test_scale_of_an_unknown_set_is_not_judged if {
	rule.report == set() with input as _scale({"replicas": 5}, {"replicas": 1})
}

test_scale_of_a_deployment_is_not_judged if {
	scale := object.union(_scale({"replicas": 5}, {"replicas": 1}), {"request": {"resource": {"resource": "deployments"}}})
	rule.report == set() with input as scale
		with data.cluster.statefulsets as _stored(_sts(5, 3))
}

_message(what) := sprintf("[partition-range] spec.updateStrategy.rollingUpdate.partition: %s. %s", [what, _range])

_named(spec) := {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": spec}

_sts(replicas, partition) := _named({
	"replicas": replicas,
	"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}},
})

_update(before, after) := {"request": {"operation": "UPDATE", "oldObject": before, "object": after}}

_scale(before, after) := {"request": {
	"operation": "UPDATE",
	"kind": {"group": "autoscaling", "kind": "Scale"},
	"resource": {"group": "apps", "resource": "statefulsets"},
	"subResource": "scale",
	"oldObject": {"kind": "Scale", "metadata": {"name": "web", "namespace": "default"}, "spec": before},
	"object": {"kind": "Scale", "metadata": {"name": "web", "namespace": "default"}, "spec": after},
}}

_stored(sts) := {"default": {"web": sts}}
