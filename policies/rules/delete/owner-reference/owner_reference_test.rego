package stateward.rules.delete["owner-reference_test"]

import data.stateward.rules.delete["owner-reference"] as rule

_now := "2026-11-23T12:00:00Z"

_owner := {"apiVersion": "v1", "kind": "ConfigMap", "name": "settings", "uid": "0c7a"}

test_a_new_owner_is_denied if {
	some finding in rule.report with input as _update("StatefulSet", [], [_owner], "alice", {})
	finding.severity == "deny"
	finding.existing == false
	finding.confirmed == false
	finding.path == ["metadata", "ownerReferences", 0]
	finding.msg == concat(" ", [
		`[owner-reference] metadata.ownerReferences[0]: StatefulSet "web" is DELETED with its pods once`,
		`ConfigMap "settings" does not exist (uid "0c7a"). Fix: remove the ownerReference, or confirm it:`,
		"kubectl annotate statefulset web -n default --overwrite --field-manager=stateward-confirm",
		"stateward.dev/confirm=update stateward.dev/confirm-until=2026-11-23T12:10:00Z",
	])
}

test_each_kind_says_what_goes_with_it[kind] if {
	some kind, loss in {
		"StatefulSet": `StatefulSet "web" is DELETED with its pods once`,
		"Service": `Service "web" is DELETED once`,
		"PersistentVolumeClaim": `PersistentVolumeClaim "web" is DELETED with its data once`,
		"Namespace": `Namespace "web" is DELETED with everything in it once`,
	}
	[finding.what | some finding in rule.report] == [sprintf(
		`%s ConfigMap "settings" does not exist (uid "0c7a")`,
		[loss],
	)] with input as _update(kind, [], [_owner], "alice", {})
}

test_an_owner_in_a_status_is_denied if {
	status := object.union(_update("Service", [], [_owner], "alice", {}), {"request": {"subResource": "status"}})
	[finding.severity | some finding in rule.report] == ["deny"] with input as status
}

test_only_the_new_owner_is_named if {
	other := object.union(_owner, {"name": "other"})
	[finding.field | some finding in rule.report] == ["metadata.ownerReferences[1]"]
		with input as _update("StatefulSet", [_owner], [_owner, other], "alice", {})
}

test_owners_without_names_are_denied_too if {
	[finding.what | some finding in rule.report] == [concat(" ", [
		`StatefulSet "web" is DELETED with its pods once`,
		` "" does not exist (uid "")`,
	])] with input as _update("StatefulSet", [], [{"x": 1}], "alice", {})
}

test_owners_that_stay_or_go_are_fine[after] if {
	some after in [[_owner], []]
	rule.report == set() with input as _update("StatefulSet", [_owner], after, "alice", {})
}

test_a_confirmed_owner_is_marked if {
	marks := {
		"stateward.dev/confirm": "update",
		"stateward.dev/confirm-until": "2026-11-23T12:10:00Z",
		"stateward.dev/confirmed-by": "alice",
	}
	[finding.confirmed | some finding in rule.report] == [true]
		with input as _update("StatefulSet", [], [_owner], "alice", marks)
}

test_controllers_of_kubernetes_may[username] if {
	some username in [
		"system:kube-controller-manager",
		"system:serviceaccount:kube-system:statefulset-controller",
		"system:serviceaccount:kube-system:generic-garbage-collector",
	]
	rule.report == set() with input as _update("PersistentVolumeClaim", [], [_owner], username, {})
}

test_an_operator_that_adopts_is_warned if {
	managing := object.union(_owner, {"controller": true})
	some finding in rule.report
		with input as _update("StatefulSet", [], [managing], "system:serviceaccount:db:operator", {})
	finding.advice == true
	endswith(finding.msg, "Fix: keep this owner for as long as you need the data.")
}

test_an_owner_that_does_not_manage_is_denied_to_automation_too if {
	some finding in rule.report
		with input as _update("StatefulSet", [], [_owner], "system:serviceaccount:db:operator", {})
	finding.severity == "deny"
	not finding.advice
}

test_a_person_does_not_adopt if {
	managing := object.union(_owner, {"controller": true})
	some finding in rule.report with input as _update("StatefulSet", [], [managing], "alice", {})
	not finding.advice
}

test_an_owner_in_a_file_is_mentioned if {
	some finding in rule.report with input as _object("StatefulSet", [_owner], {})
	finding.advice == true
	finding.field == "metadata.ownerReferences[0]"
}

test_an_owner_of_what_a_person_creates_is_mentioned if {
	[finding.advice | some finding in rule.report] == [true] with input as _create("alice")
}

test_an_operator_creates_with_an_owner if {
	rule.report == set() with input as _create("system:serviceaccount:db:operator")
}

test_other_kinds_may_have_owners if {
	rule.report == set() with input as _update("Pod", [], [_owner], "alice", {})
	rule.report == set() with input as _object("Service", [_owner], {})
}

_update(kind, before, after, username, annotations) := {
	"request": {
		"operation": "UPDATE",
		"kind": {"group": _group(kind), "kind": kind},
		"userInfo": {"username": username},
		"object": _object(kind, after, annotations),
		"oldObject": _object(kind, before, annotations),
	},
	"stateward": {"time": _now},
}

_create(username) := {"request": {
	"operation": "CREATE",
	"kind": {"group": "apps", "kind": "StatefulSet"},
	"userInfo": {"username": username},
	"object": _object("StatefulSet", [_owner], {}),
}}

_object(kind, owners, annotations) := {
	"apiVersion": concat("/", [part | some part in [_group(kind), "v1"]; part != ""]),
	"kind": kind,
	"metadata": {"name": "web", "annotations": annotations, "ownerReferences": owners},
}

_group("StatefulSet") := "apps"

_group(kind) := "" if kind != "StatefulSet"
