package stateward.rules.availability["grace-period_test"]

import data.stateward.rules.availability["grace-period"] as rule

test_no_grace_is_denied if {
	[[finding.msg, finding.existing] | some finding in rule.report] == [[
		concat(" ", [
			"[grace-period] spec.template.spec.terminationGracePeriodSeconds: 0 makes every deletion of a pod a force delete:",
			"two pods with one identity may run. Fix: give the container the seconds that it needs to stop.",
		]),
		false,
	]] with input as _sts(0)
}

test_what_was_there_before_is_grandfathered if {
	[finding.existing | some finding in rule.report] == [true]
		with input as object.union(_update(0, 0), {"request": {"object": {"spec": {"replicas": 5}}}})
	[finding.existing | some finding in rule.report] == [false] with input as _update(30, 0)
}

test_cut_to_less_than_half_is_a_warning if {
	[[finding.what, finding.advice] | some finding in rule.report] == [[
		"from 600 to 30 seconds: a container that needs more is killed",
		true,
	]] with input as _update(600, null)
	[finding.what | some finding in rule.report] == [
		"from 30 to 14 seconds: a container that needs more is killed",
	] with input as _update(null, 14)
}

test_negative_period_is_one_second if {
	[finding.what | some finding in rule.report] == ["from 30 to 1 seconds: a container that needs more is killed"]
		with input as _update(null, -1)
	rule.report == set() with input as _update(1, -5)
}

test_container_that_is_killed_each_time_is_a_warning[signal] if {
	some signal, wanted in {
		"SIGKILL": {[
			"spec.template.spec.containers[0].lifecycle.stopSignal",
			"SIGKILL ends the container at once: it gets no time to write out its data",
			true,
		]},
		"SIGTERM": set(),
	}
	containers := [{"name": "db", "lifecycle": {"stopSignal": signal}}]
	{[finding.field, finding.what, finding.advice] | some finding in rule.report} == wanted
		with input as object.union(_sts(30), {"spec": {"template": {"spec": {"containers": containers}}}})
}

test_other_periods_are_fine[case] if {
	some case, periods in {"half": [30, 15], "more": [30, 600], "absent": [null, null]}
	rule.report == set() with input as _update(periods[0], periods[1])
}

_update(before, after) := {"request": {"operation": "UPDATE", "oldObject": _sts(before), "object": _sts(after)}}

_sts(seconds) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {"template": {"spec": {"terminationGracePeriodSeconds": seconds}}},
}
