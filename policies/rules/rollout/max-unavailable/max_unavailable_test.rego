package stateward.rules.rollout["max-unavailable_test"]

import data.stateward.rules.rollout["max-unavailable"] as rule

_fix := "Fix: use 1 or a percentage below 50%."

_fix_first := "Fix: first lower maxUnavailable to 1 or a percentage below 50%."

test_what_is_no_amount_is_denied[value] if {
	some value, what in {
		0: "0 lets an update replace no pod",
		"0%": "0% lets an update replace no pod",
		"00%": "00% lets an update replace no pod",
		-1: "-1 is negative",
		1.5: "1.5 is neither an integer nor a percentage",
		"2": `"2" is neither an integer nor a percentage`,
		"": `"" is neither an integer nor a percentage`,
		"30 %": `"30 %" is neither an integer nor a percentage`,
		"-30%": `"-30%" is neither an integer nor a percentage`,
		"1.5%": `"1.5%" is neither an integer nor a percentage`,
		"half": `"half" is neither an integer nor a percentage`,
		true: "true is neither an integer nor a percentage",
		["30%"]: `["30%"] is neither an integer nor a percentage`,
		"101%": "101% is more than 100%",
		"0101%": "0101% is more than 100%",
		"99999999999999999999%": "99999999999999999999% is more than 100%",
	}
	{finding.msg | some finding in rule.report} == {_message(what)} with input as _sts(3, value)
	{finding.msg | some finding in rule.report} == {_message(what)} with input as _sts(0, value)
}

test_more_than_replicas_is_denied if {
	messages := {finding.msg | some finding in rule.report} with input as _sts(3, 4)
	messages == {_message("4 is greater than replicas 3: an update stops all pods at once")}
}

test_more_than_replicas_says_where if {
	some finding in rule.report with input as _sts(3, 4)
	finding.path == ["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"]
	finding.severity == "deny"
	finding.existing == false
	not finding.advice
}

test_message_is_not_cut_in_a_warning if {
	some finding in rule.report with input as _sts(3, "100%")
	count(finding.field) + count(finding.what) <= 120 - count("[max-unavailable] : ")
}

test_no_majority_is_mentioned[replicas][value] if {
	some replicas, cases in {
		3: {2: 2, 3: 3, "67%": 2, "100%": 3},
		4: {2: 2, "50%": 2, "050%": 2},
		5: {3: 3, "60%": 3, "79%": 3},
		101: {51: 51, "51%": 51},
	}
	some value, pods in cases
	what := sprintf("%v lets %d of %d pods stop at once: no majority left", [value, pods, replicas])
	{[finding.msg, finding.advice] | some finding in rule.report} == {[_message(what), true]}
		with input as _sts(replicas, value)
}

test_majority_that_stays_is_fine[replicas][value] if {
	some replicas, values in {
		3: [1, "1%", "33%", "66%"],
		4: [1, "25%", "49%"],
		5: [1, 2, "40%", "59%"],
		101: [50, "50%"],
	}
	some value in values
	rule.report == set() with input as _sts(replicas, value)
}

test_two_pods_have_no_majority_to_lose[value] if {
	some value in [1, 2, "50%", "100%"]
	rule.report == set() with input as _sts(2, value)
}

test_without_replicas_nothing_is_too_much[value] if {
	some value in [1, 9, "100%"]
	rule.report == set() with input as _sts(0, value)
}

test_absent_replicas_are_one if {
	what := "2 is greater than replicas 1: an update stops all pods at once"
	{finding.what | some finding in rule.report} == {what}
		with input as _named({"updateStrategy": {"rollingUpdate": {"maxUnavailable": 2}}})
}

test_absent_value_is_fine[strategy] if {
	some strategy in [
		null,
		{},
		{"type": "RollingUpdate"},
		{"type": "RollingUpdate", "rollingUpdate": null},
		{"type": "RollingUpdate", "rollingUpdate": {"partition": 1}},
		{"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": null}},
	]
	rule.report == set() with input as _named({"replicas": 3, "updateStrategy": strategy})
}

test_only_a_rolling_update_is_judged[type] if {
	some type in ["OnDelete", "Recreate"]
	sts := object.union(_sts(3, 9), {"spec": {"updateStrategy": {"type": type}}})
	not _speaks_of_the_value with input as sts
	rule.report == set() with input as _scale({"replicas": 3}, {"replicas": 1})
		with data.cluster.statefulsets as _stored(sts)
}

test_create_is_judged if {
	{finding.existing | some finding in rule.report} == {false}
		with input as {"request": {"operation": "CREATE", "object": _sts(3, 4)}}
}

test_delete_is_not_judged if {
	rule.report == set() with input as {"request": {"operation": "DELETE", "oldObject": _sts(3, 4)}}
}

test_other_kinds_are_not_judged if {
	rule.report == set() with input as object.union(_sts(3, 4), {"kind": "Deployment"})
}

test_update_is_stopped_where_it_makes_things_worse[change] if {
	some change, sets in {
		"raises it into the wrong": [_sts(3, 1), _sts(3, 4)],
		"raises it further": [_sts(3, 4), _sts(3, 5)],
		"lowers the replicas below it": [_sts(5, 4), _sts(3, 4)],
		"lowers the replicas further": [_sts(3, 4), _sts(2, 4)],
		"trades the one for the other": [_sts(3, 9), _sts(2, 8)],
		"makes it zero": [_sts(3, 4), _sts(3, 0)],
		"makes it a percentage of none": [_sts(3, 4), _sts(3, "0%")],
		"makes it no amount at all": [_sts(3, 4), _sts(3, "4")],
		"makes it an integer that is too large": [_sts(3, "150%"), _sts(3, 4)],
		"brings it to life": [
			object.union(_sts(3, 4), {"spec": {"updateStrategy": {"type": "OnDelete"}}}),
			_sts(3, 4),
		],
	}
	{finding.existing | some finding in rule.report} == {false} with input as _update(sets[0], sets[1])
}

test_update_is_let_through_where_it_makes_nothing_worse[change] if {
	some change, sets in {
		"touches something else": [_sts(3, 4), object.union(_sts(3, 4), {"spec": {"minReadySeconds": 5}})],
		"touches something else beside a bad percentage": [
			_sts(3, "0%"),
			object.union(_sts(3, "0%"), {"spec": {"minReadySeconds": 5}}),
		],
		"lowers it, not enough": [_sts(3, 9), _sts(3, 5)],
		"raises the replicas, not enough": [_sts(3, 9), _sts(5, 9)],
	}
	{finding.existing | some finding in rule.report} == {true} with input as _update(sets[0], sets[1])
}

test_update_into_the_range_is_fine if {
	rule.report == set() with input as _update(_sts(3, 9), _sts(3, 1))
	rule.report == set() with input as _update(_sts(3, 4), _sts(9, 4))
}

test_scale_below_it_is_denied if {
	what := "2 is less than maxUnavailable 3: an update stops all pods at once"
	{[finding.msg, finding.severity, finding.existing] | some finding in rule.report} == {[
		_scale_message(what),
		"deny",
		false,
	]}
		with input as _scale({"replicas": 9}, {"replicas": 2})
		with data.cluster.statefulsets as _stored(_sts(9, 3))
}

test_scale_up_towards_it_is_let_through if {
	{finding.existing | some finding in rule.report} == {true}
		with input as _scale({"replicas": 1}, {"replicas": 2})
		with data.cluster.statefulsets as _stored(_sts(1, 3))
}

test_scale_that_leaves_no_majority_is_mentioned[value] if {
	some value, pods in {2: 2, 3: 3, "70%": 2}
	what := sprintf("maxUnavailable %v lets %d of 3 pods stop at once: no majority left", [value, pods])
	{[finding.msg, finding.advice] | some finding in rule.report} == {[_scale_message(what), true]}
		with input as _scale({"replicas": 9}, {"replicas": 3})
		with data.cluster.statefulsets as _stored(_sts(9, value))
}

test_scale_that_leaves_a_majority_is_fine[value] if {
	some value in [1, 2, "40%"]
	rule.report == set() with input as _scale({"replicas": 9}, {"replicas": 5})
		with data.cluster.statefulsets as _stored(_sts(9, value))
}

test_scale_to_zero_is_fine[scale] if {
	some scale in [{}, {"replicas": 0}]
	rule.report == set() with input as _scale({"replicas": 9}, scale)
		with data.cluster.statefulsets as _stored(_sts(9, 3))
}

test_scale_is_not_blamed_for_what_is_no_amount[value] if {
	some value in [0, "0%", "101%", "2"]
	rule.report == set() with input as _scale({"replicas": 9}, {"replicas": 3})
		with data.cluster.statefulsets as _stored(_sts(9, value))
}

test_scale_of_an_unknown_set_is_not_judged if {
	rule.report == set() with input as _scale({"replicas": 5}, {"replicas": 1})
}

test_scale_of_a_deployment_is_not_judged if {
	deployments := {"request": {"resource": {"resource": "deployments"}}}
	rule.report == set() with input as object.union(_scale({"replicas": 5}, {"replicas": 1}), deployments)
		with data.cluster.statefulsets as _stored(_sts(5, 3))
}

_message(what) := sprintf("[max-unavailable] spec.updateStrategy.rollingUpdate.maxUnavailable: %s. %s", [what, _fix])

_scale_message(what) := sprintf("[max-unavailable] spec.replicas: %s. %s", [what, _fix_first])

_named(spec) := {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": spec}

_sts(replicas, value) := _named({
	"replicas": replicas,
	"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": value}},
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

test_recreate_leaves_no_majority if {
	{[finding.field, finding.what, finding.advice] | some finding in rule.report} == {[
		"spec.updateStrategy.type",
		"Recreate lets an update stop 3 of 3 pods at once: no majority left",
		true,
	]} with input as _named(_recreate(3))
	rule.report == set() with input as _named(_recreate(2))
	rule.report == set() with input as _update(_named(_recreate(3)), _named(_recreate(3)))
}

_recreate(replicas) := {"replicas": replicas, "updateStrategy": {"type": "Recreate"}}

_speaks_of_the_value if {
	some finding in rule.report
	finding.field == "spec.updateStrategy.rollingUpdate.maxUnavailable"
}
