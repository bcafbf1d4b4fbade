package stateward.rules.delete["owner-reference_test"]

import data.stateward.rules.delete["owner-reference"] as rule

_now := "2026-11-23T12:00:00Z"

_owner := {"apiVersion": "v1", "kind": "ConfigMap", "name": "settings", "uid": "0c7a"}

_managing := object.union(_owner, {"controller": true})

_operator := "system:serviceaccount:db:operator"

_existing := {"default": {"v1/ConfigMap/settings": {"exists": true, "uid": "0c7a"}}}

test_a_new_owner_is_denied if {
	some finding in rule.report with input as _update("StatefulSet", [], [_owner], "alice", {})
	finding.severity == "deny"
	finding.existing == false
	finding.confirmed == false
	finding.path == ["metadata", "ownerReferences", 0]
	finding.msg == concat(" ", [
		`[owner-reference] metadata.ownerReferences[0]: StatefulSet "web" is DELETED with its pods once`,
		`ConfigMap "settings" (uid "0c7a") does not exist. Fix: remove the ownerReference, or confirm it:`,
		"kubectl annotate statefulset web -n default --overwrite --field-manager=stateward-confirm",
		"stateward.dev/confirm=update stateward.dev/confirm-rules=owner-reference stateward.dev/confirm-for=10m",
	])
}

test_each_kind_says_what_goes_with_it[kind] if {
	some kind, loss in {
		"StatefulSet": `StatefulSet "web" is DELETED with its pods once`,
		"Service": `Service "web" is DELETED once`,
		"PersistentVolumeClaim": `PersistentVolumeClaim "web" is DELETED with its data once`,
		"PodDisruptionBudget": `PodDisruptionBudget "web" is DELETED once`,
		"RabbitmqCluster": `RabbitmqCluster "web" is DELETED with what it owns once`,
		"PersistentVolume": `PersistentVolume "web" is DELETED once`,
		"Namespace": `Namespace "web" is DELETED with everything in it once`,
	}
	[finding.what | some finding in rule.report] == [sprintf(
		`%s ConfigMap "settings" (uid "0c7a") does not exist`,
		[loss],
	)] with input as _update(kind, [], [_owner], "alice", {})
}

test_an_owner_of_a_volume_is_looked_up_in_no_namespace if {
	[finding.what | some finding in rule.report] == [concat(" ", [
		`PersistentVolume "web" is DELETED within seconds:`,
		`ConfigMap "settings" (uid "0c7a") does not exist`,
	])]
		with input as _update("PersistentVolume", [], [_owner], "alice", {})
		with data.cluster.owner as {"": {"v1/ConfigMap/settings": {"exists": false}}}
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
		` "" (uid "") does not exist`,
	])] with input as _update("StatefulSet", [], [{"x": 1}], "alice", {})
}

test_owners_that_stay_or_go_are_fine[after] if {
	some after in [[_owner], []]
	rule.report == set() with input as _update("StatefulSet", [_owner], after, "alice", {})
}

test_a_confirmed_owner_is_marked if {
	marks := {
		"stateward.dev/confirm": "update",
		"stateward.dev/confirm-rules": "owner-reference",
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
	some finding in rule.report
		with input as _update("StatefulSet", [], [_managing], _operator, {})
	finding.advice == true
	endswith(finding.msg, "Fix: keep this owner for as long as you need the data.")
}

test_an_owner_that_does_not_manage_is_denied_to_automation_too if {
	some finding in rule.report
		with input as _update("StatefulSet", [], [_owner], _operator, {})
	finding.severity == "deny"
	not finding.advice
}

test_a_person_does_not_adopt if {
	some finding in rule.report with input as _update("StatefulSet", [], [_managing], "alice", {})
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
	rule.report == set() with input as _create(_operator)
}

test_an_owner_that_does_not_exist_is_denied_to_automation_too[what] if {
	some what, known in {"no such object": {"exists": false}, "another uid": {"exists": true, "uid": "1d8b"}}
	some finding in rule.report
		with input as _update("StatefulSet", [], [_managing], _operator, {})
		with data.cluster.owner as {"default": {"v1/ConfigMap/settings": known}}
	finding.severity == "deny"
	finding.what == concat(" ", [
		`StatefulSet "web" is DELETED with its pods within seconds:`,
		`ConfigMap "settings" (uid "0c7a") does not exist`,
	])
}

test_other_owners_delay_what_an_owner_that_does_not_exist_does if {
	other := object.union(_owner, {"name": "other"})
	some finding in rule.report
		with input as _update("StatefulSet", [_owner], [_owner, other], "alice", {})
		with data.cluster.owner as {"default": {"v1/ConfigMap/other": {"exists": false}}}
	finding.what == concat(" ", [
		`StatefulSet "web" is DELETED with its pods once its other owners are gone:`,
		`ConfigMap "other" (uid "0c7a") does not exist`,
	])
}

test_automation_may_add_an_owner_that_exists if {
	rule.report == set() with input as _update("PersistentVolumeClaim", [], [_owner], _operator, {})
		with data.cluster.owner as _existing
}

test_a_person_who_adds_an_owner_that_exists_is_warned if {
	[finding.advice | some finding in rule.report] == [true]
		with input as _update("PersistentVolumeClaim", [], [_owner], "alice", {})
		with data.cluster.owner as _existing
}

test_a_pod_as_the_owner_of_a_claim_is_denied_even_where_it_exists[user] if {
	pod := {"apiVersion": "v1", "kind": "Pod", "name": "web-0", "uid": "0c7a", "controller": true}
	some user, advice in {"alice": false, _operator: true}
	[[finding.what, object.get(finding, "advice", false)] | some finding in rule.report] == [[
		`PersistentVolumeClaim "web" is DELETED with its data once Pod "web-0" (uid "0c7a") does not exist`,
		advice,
	]] with input as _update("PersistentVolumeClaim", [], [pod], user, {})
		with data.cluster.owner as {"default": {"v1/Pod/web-0": {"exists": true, "uid": "0c7a"}}}
}

test_an_owner_of_a_namespace_is_denied_even_where_it_exists if {
	[finding.severity | some finding in rule.report; not finding.advice] == ["deny"]
		with input as _update("Namespace", [], [_managing], _operator, {})
		with data.cluster.owner as {"": _existing.default}
}

test_what_stateward_may_not_look_up_is_named if {
	custom := object.union(_managing, {"apiVersion": "rabbitmq.com/v1beta1", "kind": "RabbitmqCluster", "name": "rmq"})
	why := "Stateward may not get rabbitmqclusters.rabbitmq.com"
	some finding in rule.report
		with input as _update("StatefulSet", [], [custom], _operator, {})
		with data.cluster.owner as {"default": {"rabbitmq.com/v1beta1/RabbitmqCluster/rmq": {"unread": why}}}
	finding.advice == true
	startswith(finding.what, sprintf(`%s: StatefulSet "web" is DELETED with its pods once`, [why]))
}

test_no_kind_of_kubernetes_that_cannot_be_looked_up_adopts[group] if {
	some group in ["v1", "batch/v1", "storage.k8s.io/v1"]
	owner := object.union(_managing, {"apiVersion": group})
	known := {sprintf("%s/ConfigMap/settings", [group]): {"unread": "Stateward may not get configmaps"}}
	some finding in rule.report
		with input as _update("StatefulSet", [], [owner], _operator, {})
		with data.cluster.owner as {"default": known}
	finding.severity == "deny"
	not finding.advice
}

test_automation_that_creates_for_an_owner_that_does_not_exist_is_warned if {
	[finding.advice | some finding in rule.report] == [true] with input as _create(_operator)
		with data.cluster.owner as {"default": {"v1/ConfigMap/settings": {"exists": false}}}
}

test_automation_may_add_an_owner_to_a_custom_resource[answer] if {
	some answer, case in {
		"unknown": {"owner": {}, "advised": [true]},
		"existing": {"owner": _existing, "advised": []},
		"missing": {"owner": {"default": {"v1/ConfigMap/settings": {"exists": false}}}, "advised": [false]},
	}
	[object.get(finding, "advice", false) | some finding in rule.report] == case.advised
		with input as _update("RabbitmqCluster", [], [_owner], _operator, {})
		with data.cluster.owner as case.owner
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

_group(kind) := object.get(
	{"StatefulSet": "apps", "PodDisruptionBudget": "policy", "RabbitmqCluster": "rabbitmq.com"},
	kind,
	"",
)
