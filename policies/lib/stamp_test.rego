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

test_confirmation_in_the_second_of_another_ends_at_another_time if {
	before := {"stateward.dev/confirm-until": "2026-11-23T12:10:00Z"}
	stamp.promised(_renewing("10m", before)) == "2026-11-23T12:09:59Z"
	stamp.promised(_renewing("11m", before)) == "2026-11-23T12:11:00Z"
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
		"group": "apps",
		"kind": "StatefulSet",
		"operation": "UPDATE",
		"object": {"metadata": {"annotations": case.new}},
		"old": {"metadata": {"uid": "0c7a", "generation": 5, "annotations": case.old}},
		"user": {"username": "bob"},
		"time": _now,
	}) == case.bound
}

test_deletion_is_bound_to_the_claims_that_go_with_it[case] if {
	some case in [
		{"kind": "StatefulSet", "group": "apps", "bound": "0c7a/Delete/1-6d0c4ec95e66"},
		{"kind": "Namespace", "group": "", "bound": "0c7a/Delete/1-6d0c4ec95e66"},
		{"kind": "Pod", "group": "", "bound": "0c7a/Delete"},
		{"kind": "StatefulSet", "group": "example.com", "bound": "0c7a/Delete"},
	]
	stamp.bound(_deleting(case.kind, case.group)) == case.bound with data.cluster.persistentvolumeclaims as _claims
}

test_claims_of_a_record_are_left_to_who_writes_it[case] if {
	some case in [
		{"written": "0c7a/Delete/1-6d0c4ec95e66", "fits": true},
		{"written": "0c7a/Delete/3-0123456789ab", "fits": true},
		{"written": "0c7a/Delete", "fits": true},
		{"written": "0c7a/Retain/1-6d0c4ec95e66", "fits": false},
		{"written": "1d8b/Delete/1-6d0c4ec95e66", "fits": false},
		{"written": "0c7a/Delete/all", "fits": false},
		{"written": "", "fits": false},
	]
	fits := count([true | stamp.fits(case.written, _deleting("StatefulSet", "apps"))])
		with data.cluster.persistentvolumeclaims as _claims
	fits == count([true | case.fits])
}

test_record_of_an_earlier_request_fits_as_it_is_only if {
	left := object.union(_marks("delete", _later), {"stateward.dev/confirmed-object": "0c7a/Delete"})
	entry := object.union(_deleting("StatefulSet", "apps"), {
		"object": {"metadata": {"annotations": left}},
		"old": {"metadata": {"annotations": left}},
	})
	stamp.fits("0c7a/Delete", entry)
	not stamp.fits("0c7a/Delete/1-6d0c4ec95e66", entry)
}

_deleting(kind, group) := {
	"group": group,
	"kind": kind,
	"operation": "UPDATE",
	"object": {"metadata": {"annotations": _said("delete", _later)}},
	"old": {
		"metadata": {"name": "web", "namespace": "web", "uid": "0c7a"},
		"spec": {
			"replicas": 1,
			"volumeClaimTemplates": [{"metadata": {"name": "www"}}],
			"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"},
		},
	},
	"user": {"username": "bob"},
	"time": _now,
}

_claims := {"web": {
	"www-web-0": {"metadata": {"name": "www-web-0"}, "status": {"phase": "Bound"}},
	"www-web-7": {"metadata": {"name": "www-web-7"}, "status": {"phase": "Pending"}},
}}

test_service_account_confirms_by_a_request_of_its_own[case] if {
	some case in [
		{"what": "nothing else", "change": {}, "bound": "0c7a/5"},
		{"what": "fields of the server", "change": {"metadata": {"managedFields": [{}]}}, "bound": "0c7a/5"},
		{"what": "the status", "change": {"status": {"replicas": 2}}, "bound": "0c7a/5"},
		{"what": "the image", "change": {"spec": {"image": "b"}}, "bound": ""},
		{"what": "a label", "change": {"metadata": {"labels": {"a": "b"}}}, "bound": ""},
		{"what": "a finalizer", "change": {"metadata": {"finalizers": ["a"]}}, "bound": ""},
		{"what": "an owner", "change": {"metadata": {"ownerReferences": [{}]}}, "bound": ""},
		{"what": "another annotation", "change": {"metadata": {"annotations": {"a": "b"}}}, "bound": ""},
	]
	entry := _of_a_service_account(case.change)
	stamp.bound(entry) == case.bound

	# A person may do it all in one request.
	stamp.bound(object.union(entry, {"user": {"username": "bob"}})) == "0c7a/5"
}

test_update_by_a_service_account_keeps_what_was_confirmed_before if {
	bound := {"stateward.dev/confirmed-object": "0c7a/4"}
	entry := object.union(_of_a_service_account({"spec": {"image": "b"}}), {"old": {"metadata": {
		"annotations": object.union(_marks("update", _later), bound),
	}}})
	stamp.bound(entry) == "0c7a/4"
}

_of_a_service_account(change) := {
	"group": "apps",
	"kind": "StatefulSet",
	"operation": "UPDATE",
	"object": object.union({"metadata": {"annotations": _said("update", _later)}, "spec": {"image": "a"}}, change),
	"old": {"metadata": {"uid": "0c7a", "generation": 5}, "spec": {"image": "a"}},
	"user": {"username": "system:serviceaccount:ci:deployer"},
	"time": _now,
}
