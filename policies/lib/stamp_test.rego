package stateward.lib.stamp_test

import data.stateward.lib.stamp

_now := "2026-11-23T12:00:00Z"

_later := "2026-11-23T12:10:00Z"

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
	stamp.name({
		"object": {"metadata": {"annotations": case.new}},
		"old": {"metadata": {"annotations": case.old}},
		"user": {"username": "bob"},
	}) == case.stamp
}

test_stamp_of_a_new_object_is_of_who_makes_it if {
	entry := {"object": {"metadata": {"annotations": _said("delete", _later)}}, "old": null}
	stamp.name(object.union(entry, {"user": {"username": "bob"}})) == "bob"
	stamp.name(object.union(entry, {"user": {}})) == ""
}

test_duration_becomes_a_time[case] if {
	some case in [
		{"for": "10m", "until": "2026-11-23T12:10:00Z"},
		{"for": "90s", "until": "2026-11-23T12:01:30Z"},
		{"for": "1h", "until": "2026-11-23T13:00:00Z"},
	]
	stamp.promised(_renewing(case.for, {})) == case.until
	stamp.name(_renewing(case.for, {})) == "bob"
}

test_duration_that_is_none_or_too_long_promises_nothing[text] if {
	some text in ["", "0m", "61m", "2h", "3601s", "-1m", "1.5h", "10", "m", "10 m", "10d", "10000s", "1h30m"]
	not stamp.promised(_renewing(text, {}))
	not stamp.is_duration(text)
}

test_duration_that_was_there_promises_nothing if {
	not stamp.promised(_renewing("10m", {"stateward.dev/confirm-for": "10m"}))
}

_renewing(text, before) := {
	"time": _now,
	"object": {"metadata": {"annotations": object.union(before, {
		"stateward.dev/confirm": "delete",
		"stateward.dev/confirm-for": text,
	})}},
	"old": {"metadata": {"annotations": object.union({"stateward.dev/confirm": "delete"}, before)}},
	"user": {"username": "bob"},
}

_said(operation, until) := {"stateward.dev/confirm": operation, "stateward.dev/confirm-until": until}

_marks(operation, until) := object.union(_said(operation, until), {"stateward.dev/confirmed-by": "alice"})

_reasoned := object.union(_said("delete", _later), {"stateward.dev/confirm-reason": "it moves"})

test_bound_is_the_state_that_is_confirmed[case] if {
	bound := {"stateward.dev/confirmed-object": "0c7a/4"}
	some case in [
		{"what": "sets marks", "old": {}, "new": _said("update", _later), "bound": "0c7a/5"},
		{"what": "confirms a deletion", "old": {}, "new": _said("delete", _later), "bound": "0c7a"},
		{
			"what": "has them set already",
			"old": object.union(_marks("update", _later), bound),
			"new": _said("update", _later),
			"bound": "0c7a/4",
		},
		{"what": "takes them away", "old": object.union(_marks("update", _later), bound), "new": bound, "bound": ""},
	]
	stamp.bound({
		"object": {"metadata": {"annotations": case.new}},
		"old": {"metadata": {"uid": "0c7a", "generation": 5, "annotations": case.old}},
		"user": {"username": "bob"},
		"time": _now,
	}) == case.bound
}
