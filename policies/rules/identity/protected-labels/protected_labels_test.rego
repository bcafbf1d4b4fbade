package stateward.rules.identity["protected-labels_test"]

import data.stateward.rules.identity["protected-labels"] as rule

_now := "2026-11-23T12:00:00Z"

_said := {"stateward.dev/confirm": "update", "stateward.dev/confirm-until": "2026-11-23T12:10:00Z"}

_stamp := "stateward.dev/confirmed-by"

test_protection_is_not_taken_away[what] if {
	some what, labels in {
		`"true" protects this StatefulSet and would be removed`: [{"stateward.dev/quorum": "true"}, {}],
		`"true" protects this StatefulSet and would become "false"`: [
			{"stateward.dev/quorum": "true"},
			{"stateward.dev/quorum": "false"},
		],
		`"required" protects this StatefulSet and would be removed`: [{"stateward.dev/canary": "required"}, {"app": "web"}],
		`"required" protects this StatefulSet and would become "auto"`: [
			{"stateward.dev/canary": "required"},
			{"stateward.dev/canary": "auto"},
		],
	}
	[finding.what | some finding in rule.report] == [what] with input as _relabel(labels[0], labels[1], {})
}

test_each_protection_counts if {
	before := {"stateward.dev/quorum": "true", "stateward.dev/canary": "required"}
	{finding.field | some finding in rule.report} == {
		`metadata.labels["stateward.dev/quorum"]`,
		`metadata.labels["stateward.dev/canary"]`,
	} with input as _relabel(before, null, {})
}

test_lost_protection_is_denied_and_can_be_confirmed if {
	some finding in rule.report with input as _relabel({"stateward.dev/quorum": "true"}, {}, {})
	finding.severity == "deny"
	finding.existing == false
	finding.confirmed == false
	finding.msg == concat(" ", [
		`[protected-labels] metadata.labels["stateward.dev/quorum"]: "true" protects this StatefulSet and would be removed.`,
		"Fix: keep the label, or confirm it: kubectl annotate statefulset web -n default --overwrite",
		"--field-manager=stateward-confirm",
		"stateward.dev/confirm=update stateward.dev/confirm-rules=protected-labels stateward.dev/confirm-for=10m",
	])
}

test_confirmed_loss_is_marked if {
	[finding.confirmed | some finding in rule.report] == [true]
		with input as _relabel({"stateward.dev/quorum": "true"}, {}, object.union(
			_by("alice"),
			{"stateward.dev/confirm-rules": "protected-labels"},
		))
}

test_other_labels_may_change[case] if {
	some case in [
		{"before": {}, "after": {"stateward.dev/quorum": "true"}},
		{"before": {"stateward.dev/quorum": "true"}, "after": {"stateward.dev/quorum": "true", "app": "web"}},
		{"before": {"stateward.dev/quorum": "false"}, "after": {}},
		{"before": {"stateward.dev/canary": "auto"}, "after": {}},
		{"before": {"stateward.dev/canary": "auto"}, "after": {"stateward.dev/canary": "required"}},
		{"before": {"app": "web"}, "after": {}},
	]
	rule.report == set() with input as _relabel(case.before, case.after, {})
}

test_labels_of_a_service_protect_nothing if {
	document := _relabel({"stateward.dev/quorum": "true"}, {}, {})
	rule.report == set() with input as _of_kind(document, "", "Service")
}

test_name_of_another_is_refused_where_marks_are_set if {
	{[finding.what, finding.fix, finding.existing] | some finding in rule.report} == {[
		`"alice" did not confirm this, "bob" does`,
		"remove the annotation: Stateward writes it.",
		false,
	]} with input as _remark({}, object.union(_said, {_stamp: "alice"}))
}

test_name_is_refused_where_it_does_not_follow_the_marks[case] if {
	some case in [
		{"what": "the marks change", "before": _by("alice"), "after": _later("alice")},
		{"what": "only the name changes", "before": _by("alice"), "after": _by("bob")},
		{"what": "a name comes to marks that had none", "before": _said, "after": _by("bob")},
		{"what": "nothing is confirmed", "before": {}, "after": {_stamp: "bob"}},
		{"what": "nothing is confirmed any more", "before": _by("alice"), "after": {_stamp: "alice"}},
	]
	[finding.existing | some finding in rule.report] == [false] with input as _remark(case.before, case.after)
}

test_forged_name_cannot_be_confirmed if {
	after := object.union(_by("alice"), {_stamp: "bob"})
	{finding.confirmed | some finding in rule.report} == {false} with input as _remark(_by("alice"), after)
}

test_forged_name_of_before_is_mentioned_only if {
	left := {_stamp: "carol"}
	[finding.existing | some finding in rule.report] == [true] with input as _remark(left, left)
}

test_right_name_is_fine[case] if {
	some case in [
		{"what": "who sets the marks", "before": {}, "after": _by("bob")},
		{"what": "who changes the marks", "before": _by("alice"), "after": _later("bob")},
		{"what": "who set the marks", "before": _by("alice"), "after": _by("alice")},
		{"what": "nobody, which counts for nothing", "before": {}, "after": _said},
		{"what": "nobody any more", "before": _by("alice"), "after": _said},
		{"what": "nothing at all", "before": _by("alice"), "after": {}},
	]
	rule.report == set() with input as _remark(case.before, case.after)
}

test_new_object_brings_no_name_of_another[kind] if {
	some kind, group in {
		"StatefulSet": "apps",
		"Service": "",
		"PersistentVolumeClaim": "",
		"Namespace": "",
		"Pod": "",
	}
	{[finding.what, finding.existing] | some finding in rule.report} == {[
		`"alice" did not confirm this, "bob" does`,
		false,
	]} with input as _of_kind(_create(_by("alice")), group, kind)
	rule.report == set() with input as _of_kind(_create(_by("bob")), group, kind)
	rule.report == set() with input as _of_kind(_create({}), group, kind)
}

test_manifest_may_come_from_a_cluster if {
	rule.report == set() with input as _sts({}, _by("alice"))
}

test_other_kinds_are_not_judged if {
	rule.report == set() with input as _of_kind(_remark({}, {_stamp: "alice"}), "apps", "Deployment")
}

test_owners_of_sets_carry_marks_too if {
	owner := _of_kind(_remark({}, _by("alice")), "rabbitmq.com", "RabbitmqCluster")
	some finding in rule.report with input as owner
	finding.field == `metadata.annotations["stateward.dev/confirmed-by"]`
}

test_confirmation_ahead_of_its_hour_is_denied if {
	ahead := object.union(_said, {"stateward.dev/confirm-until": "2026-11-23T13:02:00Z"})
	{[finding.field, finding.what, finding.confirmed] | some finding in rule.report} == {[
		`metadata.annotations["stateward.dev/confirm-until"]`,
		`"2026-11-23T13:02:00Z" is more than an hour ahead`,
		false,
	]} with input as _remark({}, ahead)
	rule.report == set() with input as _remark(ahead, ahead)
}

test_state_of_another_object_is_refused if {
	after := object.union(_by("bob"), {"stateward.dev/confirmed-object": "0c7a/7"})
	{[finding.what, finding.confirmed] | some finding in rule.report} == {[
		`"0c7a/7" is not the state that is confirmed ("")`,
		false,
	]} with input as _remark({}, after)
}

test_duration_that_is_none_is_denied[text] if {
	some text in ["soon", "2h", "10"]
	after := {"stateward.dev/confirm": "update", "stateward.dev/confirm-for": text}
	{[finding.field, finding.what] | some finding in rule.report} == {[
		`metadata.annotations["stateward.dev/confirm-for"]`,
		sprintf("%q is not a duration of at most an hour", [text]),
	]} with input as _remark({}, after)
}

test_data_does_not_become_ephemeral_without_a_question if {
	before := object.union(_sts({}, {}), {"spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}})
	after := object.union(before, {"metadata": {"labels": {"stateward.dev/ephemeral": "true"}}})
	[[finding.what, finding.severity, finding.confirmed] | some finding in rule.report] == [[
		`"true" would let every scale-down delete claims of this StatefulSet`,
		"deny",
		false,
	]] with input as _update(before, after)
	rule.report == set() with input as _update(after, after)
	rule.report == set() with input as _update(after, before)
	rule.report == set() with input as _relabel({}, {"stateward.dev/ephemeral": "true"}, {})
}

test_duration_is_fine if {
	after := {"stateward.dev/confirm": "update", "stateward.dev/confirm-for": "10m"}
	rule.report == set() with input as _remark({}, after)
}

test_binding_brings_no_marks if {
	binding := {"kind": "Binding", "metadata": {"name": "web-0", "annotations": _by("bob")}}
	{finding.field | some finding in rule.report} == {
		`metadata.annotations["stateward.dev/confirm"]`,
		`metadata.annotations["stateward.dev/confirm-until"]`,
		`metadata.annotations["stateward.dev/confirmed-by"]`,
	} with input as {"request": {"operation": "CREATE", "object": binding}}
	rule.report == set() with input as {"request": {"operation": "CREATE", "object": {"kind": "Binding"}}}
}

_by(username) := object.union(_said, {_stamp: username})

_later(username) := object.union(_by(username), {"stateward.dev/confirm-until": "2026-11-23T12:20:00Z"})

_sts(labels, annotations) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web", "labels": labels, "annotations": annotations},
	"spec": {"replicas": 3},
}

_update(old, new) := {
	"stateward": {"time": _now},
	"request": {
		"operation": "UPDATE",
		"kind": {"group": "apps", "kind": "StatefulSet"},
		"userInfo": {"username": "bob"},
		"oldObject": old,
		"object": object.union(new, {"spec": {"minReadySeconds": 1}}),
	},
}

_relabel(before, after, annotations) := _update(_sts(before, annotations), _sts(after, annotations))

_remark(before, after) := _update(_sts({}, before), _sts({}, after))

_create(annotations) := {"request": {
	"operation": "CREATE",
	"userInfo": {"username": "bob"},
	"object": _sts({}, annotations),
}}

_of_kind(document, group, kind) := object.union(document, {"request": {"kind": {"group": group, "kind": kind}}})

test_claims_of_a_record_may_have_changed_since if {
	deletes := {"stateward.dev/confirm": "delete", "stateward.dev/confirm-until": "2026-11-23T12:10:00Z", _stamp: "bob"}
	uid := {"request": {"oldObject": {"metadata": {"uid": "0c7a"}}}}
	with_claims := object.union(deletes, {"stateward.dev/confirmed-object": "0c7a/2-0123456789ab"})
	rule.report == set() with input as object.union(_remark({}, with_claims), uid)
	of_another := object.union(deletes, {"stateward.dev/confirmed-object": "1d8b/2-0123456789ab"})
	count(rule.report) == 1 with input as object.union(_remark({}, of_another), uid)
}

test_record_of_a_service_account_with_other_changes_is_refused if {
	deployer := "system:serviceaccount:ci:deployer"
	after := object.union(_by(deployer), {"stateward.dev/confirmed-object": "0c7a"})
	as_deployer := {"request": {"userInfo": {"username": deployer}, "oldObject": {"metadata": {"uid": "0c7a"}}}}

	# The update of these tests changes minReadySeconds too.
	{finding.what | some finding in rule.report} == {`"0c7a" is not the state that is confirmed ("")`}
		with input as object.union(_remark({}, after), as_deployer)
	alone := object.union(_remark({}, after), {"request": {"object": {"spec": {"minReadySeconds": 1}}}})
	before := object.union(as_deployer, {"request": {"oldObject": {"spec": {"minReadySeconds": 1}}}})
	rule.report == set() with input as object.union(alone, before)
}
