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
	not confirmation.valid(_entry({"marks": {"stateward.dev/confirm": "delete"}}))
	not confirmation.valid(_entry({"marks": {"stateward.dev/confirm-until": _later}}))
	not confirmation.valid(_entry({"marks": {}}))
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
		"kubectl annotate statefulset web -n default --overwrite",
		"stateward.dev/confirm=delete stateward.dev/confirm-until=2026-11-23T12:10:00Z",
	])
}

test_command_tells_the_time_in_utc if {
	command := confirmation.command(_entry({"time": "2026-11-23T23:55:00+05:00"}))
	endswith(command, "stateward.dev/confirm-until=2026-11-23T19:05:00Z")
}

test_command_leaves_the_time_open_where_it_is_unknown if {
	confirmation.command(_entry({"time": ""})) == concat(" ", [
		"kubectl annotate statefulset web -n default --overwrite",
		"stateward.dev/confirm=delete stateward.dev/confirm-until=TIME",
	])
}

test_command_names_the_statefulset_of_a_scale if {
	confirmation.command(_scale) == concat(" ", [
		"kubectl annotate statefulset web -n default --overwrite",
		"stateward.dev/confirm=scale stateward.dev/confirm-until=2026-11-23T12:10:00Z",
	])
}

test_command_confirms_what_it_stands_for if {
	command := confirmation.command(_entry({}))
	marks := {key: value |
		some mark in split(command, " ")
		[key, value] := split(mark, "=")
	}
	confirmation.valid(_entry({"marks": marks}))
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

_marks(operation, until) := {"stateward.dev/confirm": operation, "stateward.dev/confirm-until": until}

_entry(fields) := {
	"operation": object.get(fields, "operation", "DELETE"),
	"kind": "StatefulSet",
	"namespace": "default",
	"name": "web",
	"object": null,
	"old": {"metadata": {"annotations": object.get(fields, "marks", _marks("delete", _later))}},
	"time": object.get(fields, "time", _now),
}

_scale := {
	"operation": "UPDATE",
	"kind": "Scale",
	"namespace": "default",
	"name": "web",
	"object": {"kind": "Scale"},
	"old": {"kind": "Scale", "metadata": {"name": "web"}},
	"time": _now,
}

_sets(marks) := {"default": {"web": {"metadata": {"name": "web", "annotations": marks}}}}
