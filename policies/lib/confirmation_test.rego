package stateward.lib.confirmation_test

import data.stateward.lib.confirmation

_now := "2026-11-23T12:00:00Z"

_later := "2026-11-23T12:10:00Z"

test_confirmation_of_this_operation_is_valid[operation] if {
	some operation in ["DELETE", "UPDATE"]
	confirmation.valid(_entry({"operation": operation, "marks": _marks(lower(operation), _later)}))
}

test_confirmation_of_another_operation_is_not_valid[operation] if {
	some operation in ["update", "scale", "DELETE", "delete ", "*", ""]
	not confirmation.valid(_entry({"marks": _marks(operation, _later)}))
}

test_confirmation_within_the_hour_is_valid[until] if {
	some until in {
		"2026-11-23T12:00:01Z",
		"2026-11-23T12:00:00.000000001Z",
		"2026-11-23T12:59:59.999999999Z",
		"2026-11-23T13:00:00Z",
		"2026-11-23T14:00:00+01:00",
		"2026-11-23T07:30:00-05:00",
	}
	confirmation.valid(_entry({"marks": _marks("delete", until)}))
}

test_confirmation_out_of_the_hour_is_not_valid[until] if {
	some until in {
		"2026-11-23T12:00:00Z",
		"2026-11-23T11:59:59Z",
		"2026-11-23T13:00:00.000000001Z",
		"2026-11-23T13:00:01Z",
		"2026-11-23T12:10:00+01:00",
		"2026-11-24T12:10:00Z",
		"2025-11-23T12:10:00Z",
	}
	not confirmation.valid(_entry({"marks": _marks("delete", until)}))
}

test_confirmation_until_what_is_no_time_is_not_valid[until] if {
	some until in {
		"",
		"tomorrow",
		"10m",
		"1795435200",
		"2026-11-23",
		"2026-11-23 12:10:00Z",
		"2026-11-23T12:10Z",
		"2026-11-23T12:10:00",
		"2026-11-23T12:60:00Z",
		"2026-11-23T24:00:00Z",
		"2026-11-31T12:10:00Z",
		"2026-02-30T12:10:00Z",
		"2026-13-01T12:10:00Z",
		"2026-11-23T12:10:00Z ",
		"2026-11-23T12:10:00+24:00",
		"9999-12-31T23:59:59Z",
	}
	not confirmation.valid(_entry({"marks": _marks("delete", until)}))
}

test_confirmation_needs_both_marks if {
	not confirmation.valid(_entry({"marks": object.remove(_marks("delete", _later), ["stateward.dev/confirm-until"])}))
	not confirmation.valid(_entry({"marks": object.remove(_marks("delete", _later), ["stateward.dev/confirm"])}))
	not confirmation.valid(_entry({"marks": {}}))
}

test_confirmation_needs_the_stamp[by] if {
	some by in [
		"",
		# Pods and claims take over the annotations of a template, which anybody may have written.
		"system:serviceaccount:kube-system:statefulset-controller",
		"system:kube-controller-manager",
	]
	stamped := object.union(_marks("delete", _later), {"stateward.dev/confirmed-by": by})
	not confirmation.valid(_entry({"marks": stamped}))
	not confirmation.valid(_entry({"marks": object.remove(stamped, ["stateward.dev/confirmed-by"])}))
}

test_who_acts_may_have_confirmed_without_four_eyes if {
	confirmation.valid(_entry({"user": {"username": "alice"}}))
	confirmation.valid(_entry({"user": {}}))
}

test_four_eyes_want_two_people if {
	confirmation.valid(_entry({"user": {"username": "bob"}})) with data.kind as "Guardrails"
		with data.spec.fourEyes as true
	not confirmation.valid(_entry({"user": {"username": "alice"}})) with data.kind as "Guardrails"
		with data.spec.fourEyes as true
}

test_four_eyes_do_not_see_who_is_unknown[user] if {
	some user in [{}, {"username": ""}]
	not confirmation.valid(_entry({"user": user})) with data.kind as "Guardrails" with data.spec.fourEyes as true
}

test_service_account_is_no_second_person if {
	marked := object.union(_marks("delete", _later), {"stateward.dev/confirmed-by": "system:serviceaccount:ci:deployer"})
	entry := _entry({"user": {"username": "bob"}, "marks": marked})
	confirmation.valid(entry)
	not confirmation.valid(entry) with data.kind as "Guardrails" with data.spec.fourEyes as true
	way := confirmation.way(entry) with data.kind as "Guardrails" with data.spec.fourEyes as true
	startswith(way, "a second person must run (the confirmation of a service account does not count): ")
}

test_four_eyes_say_whose_confirmation_is_wanted if {
	command := confirmation.command(_entry({}))
	confirmation.way(_entry({})) == sprintf("confirm it: %s", [command])
	mine := confirmation.way(_entry({})) with data.kind as "Guardrails" with data.spec.fourEyes as true
	mine == sprintf("a second person must run (your own confirmation does not count): %s", [command])
	none := confirmation.way(_entry({"marks": {}})) with data.kind as "Guardrails" with data.spec.fourEyes as true
	none == sprintf("a second person must run: %s", [command])
}

test_record_says_who_until_when_and_why if {
	confirmation.record(_entry({})) == {"by": "alice", "until": _later, "reason": ""}
	reasoned := object.union(_marks("scale", _later), {"stateward.dev/confirm-reason": "it moves"})
	confirmation.record(_scale) == {"by": "alice", "until": _later, "reason": "it moves"}
		with data.cluster.statefulsets as _sets(reasoned)
}

test_stamp_is_of_who_confirms[case] if {
	some case in [
		{"what": "sets marks", "old": {}, "new": _said("delete", _later), "stamp": "bob"},
		{"what": "has them set already", "old": _marks("delete", _later), "new": _said("delete", _later), "stamp": "alice"},
		{"what": "changes the operation", "old": _marks("scale", _later), "new": _said("delete", _later), "stamp": "bob"},
		{"what": "changes the time", "old": _marks("delete", _now), "new": _said("delete", _later), "stamp": "bob"},
		{"what": "gives a reason", "old": _marks("delete", _later), "new": _reasoned, "stamp": "bob"},
		{"what": "takes them away", "old": _marks("delete", _later), "new": {}, "stamp": ""},
		{"what": "takes the operation away", "old": _marks("delete", _later), "new": _said("", _later), "stamp": ""},
		{"what": "confirms nothing", "old": {}, "new": {}, "stamp": ""},
		{"what": "writes a stamp only", "old": {}, "new": {"stateward.dev/confirmed-by": "carol"}, "stamp": ""},
		{
			"what": "takes over what was never stamped",
			"old": _said("delete", _later),
			"new": _marks("delete", _later),
			"stamp": "",
		},
	]
	confirmation.stamp({
		"object": {"metadata": {"annotations": case.new}},
		"old": {"metadata": {"annotations": case.old}},
		"user": {"username": "bob"},
	}) == case.stamp
}

test_stamp_of_a_new_object_is_of_who_makes_it if {
	entry := {"object": {"metadata": {"annotations": _said("delete", _later)}}, "old": null}
	confirmation.stamp(object.union(entry, {"user": {"username": "bob"}})) == "bob"
	confirmation.stamp(object.union(entry, {"user": {}})) == ""
}

test_nothing_is_confirmed_where_the_time_is_unknown if {
	not confirmation.valid(_entry({"time": ""}))
}

test_confirmation_is_read_from_what_is_stored if {
	marked := {"metadata": {"annotations": _marks("update", _later)}}
	not confirmation.valid(object.union(_entry({"operation": "UPDATE", "marks": {}}), {"object": marked}))
	not confirmation.valid(object.union(_entry({"operation": "CREATE"}), {"object": marked, "old": null}))
}

test_scale_is_confirmed_on_its_statefulset if {
	confirmation.valid(_scale) with data.cluster.statefulsets as _sets(_marks("scale", _later))
}

test_scale_is_not_confirmed_by_another_operation[operation] if {
	some operation in ["update", "delete"]
	not confirmation.valid(_scale) with data.cluster.statefulsets as _sets(_marks(operation, _later))
}

test_scale_is_not_confirmed_for_another_namespace if {
	entry := object.union(_scale, {"namespace": "prod"})
	not confirmation.valid(entry) with data.cluster.statefulsets as _sets(_marks("scale", _later))
}

test_scale_of_an_unknown_statefulset_is_not_confirmed if {
	not confirmation.valid(_scale)
}

test_command_confirms_for_ten_minutes if {
	confirmation.command(_entry({})) == concat(" ", [
		"kubectl annotate statefulset web -n default --overwrite --field-manager=stateward-confirm",
		"stateward.dev/confirm=delete stateward.dev/confirm-until=2026-11-23T12:10:00Z",
	])
}

test_command_tells_the_time_in_utc if {
	command := confirmation.command(_entry({"time": "2026-11-23T23:55:00+05:00"}))
	endswith(command, "stateward.dev/confirm-until=2026-11-23T19:05:00Z")
}

test_command_leaves_the_time_open_where_it_is_unknown if {
	confirmation.command(_entry({"time": ""})) == concat(" ", [
		"kubectl annotate statefulset web -n default --overwrite --field-manager=stateward-confirm",
		"stateward.dev/confirm=delete stateward.dev/confirm-until=TIME",
	])
}

test_nothing_is_confirmed_in_a_plan_whatever_its_files_say if {
	not confirmation.valid(_entry({"planned": true}))
	confirmation.valid(_entry({"planned": false}))
}

test_way_out_of_a_plan_leaves_the_confirmation_to_its_day if {
	confirmation.way(_entry({"planned": true})) == concat(" ", [
		"add an exception to the Guardrails, and confirm it when it is applied:",
		"stateward confirm statefulset/web delete -n default",
	])
}

test_deletion_of_what_helm_installed_is_confirmed_with_its_release if {
	installed := {"metadata": {"annotations": {"meta.helm.sh/release-name": "shop"}}}
	confirmation.way(object.union(_entry({"marks": {}}), {"old": installed})) == concat(" ", [
		"confirm it:",
		"stateward confirm release shop delete -n default",
	])
	updated := confirmation.way(object.union(_entry({"marks": {}, "operation": "UPDATE"}), {"old": installed}))
	startswith(updated, "confirm it: kubectl annotate statefulset web")
}

test_command_names_the_statefulset_of_a_scale if {
	confirmation.command(_scale) == concat(" ", [
		"kubectl annotate statefulset web -n default --overwrite --field-manager=stateward-confirm",
		"stateward.dev/confirm=scale stateward.dev/confirm-until=2026-11-23T12:10:00Z",
	])
}

test_command_confirms_what_it_stands_for if {
	command := confirmation.command(_entry({}))
	marks := {key: value |
		some mark in split(command, " ")
		[key, value] := split(mark, "=")
	}
	confirmation.valid(_entry({"marks": object.union(marks, {"stateward.dev/confirmed-by": "alice"})}))
}

test_leap_day_is_a_day if {
	confirmation.valid(_entry({
		"time": "2028-02-29T12:00:00Z",
		"marks": _marks("delete", "2028-02-29T12:10:00Z"),
	}))
}

test_time_that_does_not_parse_confirms_nothing[until] if {
	some until in ["2026-11-23t12:10:00z", "2026-02-29T12:10:00Z", "2026-02-30T12:10:00Z", "soon"]
	not confirmation.valid(_entry({"marks": _marks("delete", until)}))
}

_said(operation, until) := {"stateward.dev/confirm": operation, "stateward.dev/confirm-until": until}

_reasoned := object.union(_said("delete", _later), {"stateward.dev/confirm-reason": "it moves"})

_marks(operation, until) := object.union(_said(operation, until), {"stateward.dev/confirmed-by": "alice"})

_entry(fields) := {
	"operation": object.get(fields, "operation", "DELETE"),
	"kind": "StatefulSet",
	"namespace": "default",
	"name": "web",
	"object": null,
	"old": {"metadata": {"annotations": object.get(fields, "marks", _marks("delete", _later))}},
	"user": object.get(fields, "user", {"username": "alice"}),
	"time": object.get(fields, "time", _now),
	"planned": object.get(fields, "planned", false),
}

_scale := {
	"operation": "UPDATE",
	"kind": "Scale",
	"namespace": "default",
	"name": "web",
	"object": {"kind": "Scale"},
	"old": {"kind": "Scale", "metadata": {"name": "web"}},
	"user": {"username": "alice"},
	"time": _now,
}

_sets(marks) := {"default": {"web": {"metadata": {"name": "web", "annotations": marks}}}}
