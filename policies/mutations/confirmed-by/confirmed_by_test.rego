package stateward.mutations["confirmed-by_test"]

import data.stateward.mutations["confirmed-by"] as mutation

_said := {"stateward.dev/confirm": "delete", "stateward.dev/confirm-until": "2026-11-23T12:10:00Z"}

_pointer := "/metadata/annotations/stateward.dev~1confirmed-by"

_bob := {"op": "add", "path": _pointer, "value": "bob"}

_alice := {"op": "add", "path": _pointer, "value": "alice"}

_nobody := {"op": "remove", "path": _pointer}

test_who_confirms_is_recorded if {
	[[finding.msg, finding.patch] | some finding in mutation.report] == [[
		concat(" ", [
			`[confirmed-by] metadata.annotations["stateward.dev/confirmed-by"]:`,
			`"bob" names no rules (deprecated), so loss of data is not confirmed: delete until 2026-11-23T12:10:00Z.`,
			"Fix: do not set this annotation: Stateward writes it.",
		]),
		[_bob],
	]] with input as _update({}, _said)
}

test_who_changes_what_is_confirmed_is_recorded[change] if {
	some change, value in {
		"stateward.dev/confirm": "scale",
		"stateward.dev/confirm-until": "2026-11-23T12:20:00Z",
		"stateward.dev/confirm-reason": "it moves",
	}
	after := object.union(_by("alice"), {change: value})
	[finding.patch | some finding in mutation.report] == [[_bob]] with input as _update(_by("alice"), after)
}

test_nobody_writes_it_for_somebody_else if {
	[finding.patch | some finding in mutation.report] == [[_bob]] with input as _update({}, _by("alice"))
	[[finding.what, finding.patch] | some finding in mutation.report] == [[
		`only Stateward writes it, so "alice" is kept`,
		[_alice],
	]] with input as _update(_by("alice"), _by("bob"))
}

test_it_cannot_be_taken_away_alone if {
	[finding.patch | some finding in mutation.report] == [[_alice]] with input as _update(_by("alice"), _said)
}

test_it_goes_with_the_confirmation[after] if {
	some after in [
		{"stateward.dev/confirmed-by": "alice"},
		{"stateward.dev/confirmed-by": "bob"},
		{"stateward.dev/confirmed-by": "alice", "stateward.dev/confirm": ""},
		{"stateward.dev/confirmed-by": "alice", "stateward.dev/confirm-until": "2026-11-23T12:10:00Z"},
	]
	[finding.patch | some finding in mutation.report] == [[_nobody]] with input as _update(_by("alice"), after)
}

test_stamp_without_a_confirmation_is_dropped if {
	[[finding.what, finding.patch] | some finding in mutation.report] == [[
		`"bob" confirms nothing here; Stateward removes it`,
		[_nobody],
	]] with input as _update({}, {"stateward.dev/confirmed-by": "bob"})
}

test_new_object_is_confirmed_by_who_makes_it if {
	[finding.patch | some finding in mutation.report] == [[_bob]] with input as _create("bob", _said)
	[finding.patch | some finding in mutation.report] == [[_bob]] with input as _create("bob", _by("alice"))
	[finding.patch | some finding in mutation.report] == [[_nobody]] with input as _create("", _by("alice"))
}

test_every_kind_that_can_be_confirmed_is_stamped[kind] if {
	some kind, group in {
		"StatefulSet": "apps",
		"Service": "",
		"PersistentVolumeClaim": "",
		"Namespace": "",
		"Pod": "",
	}
	document := object.union(_update({}, _said), {"request": {"kind": {"group": group, "kind": kind}}})
	[finding.patch | some finding in mutation.report] == [[_bob]] with input as document
}

test_other_kinds_are_not_changed if {
	document := object.union(_update({}, _said), {"request": {"kind": {"group": "apps", "kind": "Deployment"}}})
	mutation.report == set() with input as document
}

test_asked_again_it_changes_nothing[case] if {
	some case in [[{}, _said], [{}, _by("alice")], [_by("alice"), _by("bob")], [_by("alice"), {"a": "b"}]]
	document := _update(case[0], case[1])
	patch := [operation | some finding in mutation.report; some operation in finding.patch] with input as document
	changed := object.union(
		object.remove(document.request, ["object"]),
		{"object": json.patch(document.request.object, patch)},
	)
	mutation.report == set() with input as {"request": changed}
}

test_what_is_right_is_left_alone[case] if {
	some case in [[{}, {}], [_by("alice"), _by("alice")], [{}, _by("bob")], [_by("alice"), {}]]
	mutation.report == set() with input as _update(case[0], case[1])
}

test_update_of_an_object_without_annotations_is_left_alone if {
	sts := {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}}
	document := {"request": {
		"operation": "UPDATE",
		"oldObject": sts,
		"object": object.union(sts, {"spec": {"replicas": 3}}),
	}}
	mutation.report == set() with input as document
}

test_nobody_acts_in_a_manifest if {
	mutation.report == set() with input as _sts(_said)
	mutation.report == set() with input as _sts(_by("alice"))
}

test_owners_of_sets_are_recorded_too if {
	owner := {"request": {"kind": {"group": "rabbitmq.com", "kind": "RabbitmqCluster"}}}
	[finding.patch | some finding in mutation.report] == [[_bob]] with input as object.union(_update({}, _said), owner)
}

test_deletion_is_left_alone if {
	mutation.report == set() with input as {"request": {
		"operation": "DELETE",
		"userInfo": {"username": "bob"},
		"oldObject": _sts(_by("alice")),
	}}
}

_by(username) := object.union(_said, {"stateward.dev/confirmed-by": username})

_sts(annotations) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web", "annotations": annotations},
	"spec": {"replicas": 3},
}

_create(username, annotations) := {"request": {
	"operation": "CREATE",
	"userInfo": {"username": username},
	"object": _sts(annotations),
}}

_update(before, after) := {"request": {
	"operation": "UPDATE",
	"userInfo": {"username": "bob"},
	"oldObject": _sts(before),
	"object": _sts(after),
}}

test_duration_becomes_a_time if {
	said := {
		"stateward.dev/confirm": "delete",
		"stateward.dev/confirm-for": "10m",
		"stateward.dev/confirm-rules": "cascade-delete",
	}
	request := object.union(_update({}, said), {"stateward": {"time": "2026-11-23T12:00:00Z"}})
	[[finding.what, finding.patch] | some finding in mutation.report] == [[
		`Stateward records that "bob" confirms: delete until 2026-11-23T12:10:00Z, for cascade-delete`,
		[
			{"op": "add", "path": "/metadata/annotations/stateward.dev~1confirm-until", "value": "2026-11-23T12:10:00Z"},
			{"op": "remove", "path": "/metadata/annotations/stateward.dev~1confirm-for"},
			_bob,
		],
	]] with input as request
}

test_state_of_the_object_is_recorded if {
	request := object.union(_update({}, _said), {"request": {"oldObject": {"metadata": {"uid": "0c7a"}}}})
	[patch.value | some finding in mutation.report; some patch in finding.patch] == ["bob", "0c7a"] with input as request
}

test_state_of_another_object_is_removed if {
	after := object.union(_by("bob"), {"stateward.dev/confirmed-object": "0c7a"})
	[finding.patch | some finding in mutation.report] == [[
		{"op": "remove", "path": "/metadata/annotations/stateward.dev~1confirmed-object"},
	]] with input as _create("bob", after)
}

test_state_of_nothing_is_removed if {
	after := {"stateward.dev/confirmed-object": "0c7a"}
	[finding.patch | some finding in mutation.report] == [[
		{"op": "remove", "path": "/metadata/annotations/stateward.dev~1confirmed-object"},
	]] with input as _update({}, after)
}

test_service_account_that_confirms_in_passing_hears_that_it_does_not if {
	request := {
		"userInfo": {"username": "system:serviceaccount:ci:deployer"},
		"oldObject": {"metadata": {"uid": "0c7a"}},
	}
	document := object.union(_update({}, _said), {"request": request})
	upgrade := object.union(document, {"request": {"object": {"spec": {"replicas": 5}}}})
	[[finding.what, [patch.value | some patch in finding.patch]] | some finding in mutation.report] == [[
		concat(" ", [
			`"system:serviceaccount:ci:deployer" confirms nothing:`,
			"the same request makes other changes too, or creates the object",
		]),
		["system:serviceaccount:ci:deployer"],
	]] with input as upgrade
	[patch.value | some finding in mutation.report; some patch in finding.patch] == [
		"system:serviceaccount:ci:deployer",
		"0c7a",
	] with input as document
}
