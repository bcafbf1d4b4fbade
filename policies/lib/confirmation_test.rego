package stateward.lib.confirmation_test

import data.stateward.lib.confirmation
import data.stateward.lib.stamp

_rule := {"id": "a-rule", "names": ["a-rule", "old-name"], "data_loss": false}

_lossy := {"id": "cascade-delete", "names": ["cascade-delete"], "data_loss": true}

_now := "2026-11-23T12:00:00Z"

_later := "2026-11-23T12:10:00Z"

test_confirmation_of_this_operation_is_valid[operation] if {
	some operation in ["DELETE", "UPDATE"]
	confirmation.valid(_entry({"operation": operation, "marks": _marks(lower(operation), _later)}), _rule)
}

test_confirmation_of_another_operation_is_not_valid[operation] if {
	some operation in ["update", "scale", "DELETE", "delete ", "*", ""]
	not confirmation.valid(_entry({"marks": _marks(operation, _later)}), _rule)
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
	confirmation.valid(_entry({"marks": _marks("delete", until)}), _rule)
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
	not confirmation.valid(_entry({"marks": _marks("delete", until)}), _rule)
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
	not confirmation.valid(_entry({"marks": _marks("delete", until)}), _rule)
}

test_confirmation_needs_both_marks if {
	every mark in ["stateward.dev/confirm-until", "stateward.dev/confirm"] {
		not confirmation.valid(_entry({"marks": object.remove(_marks("delete", _later), [mark])}), _rule)
	}
	not confirmation.valid(_entry({"marks": {}}), _rule)
}

test_confirmation_needs_the_stamp[by] if {
	some by in [
		"",
		# Pods and claims take over the annotations of a template, which anybody may have written.
		"system:serviceaccount:kube-system:statefulset-controller",
		"system:kube-controller-manager",
	]
	stamped := object.union(_marks("delete", _later), {"stateward.dev/confirmed-by": by})
	not confirmation.valid(_entry({"marks": stamped}), _rule)
	not confirmation.valid(_entry({"marks": object.remove(stamped, ["stateward.dev/confirmed-by"])}), _rule)
}

test_who_acts_may_have_confirmed_without_four_eyes if {
	confirmation.valid(_entry({"user": {"username": "alice"}}), _rule)
	confirmation.valid(_entry({"user": {}}), _rule)
}

test_four_eyes_want_two_people if {
	confirmation.valid(_entry({"user": {"username": "bob"}}), _rule) with data.kind as "Guardrails"
		with data.spec.fourEyes as true
	not confirmation.valid(_entry({"user": {"username": "alice"}}), _rule) with data.kind as "Guardrails"
		with data.spec.fourEyes as true
}

test_four_eyes_do_not_see_who_is_unknown[user] if {
	some user in [{}, {"username": ""}]
	not confirmation.valid(_entry({"user": user}), _rule) with data.kind as "Guardrails" with data.spec.fourEyes as true
}

test_service_account_is_no_second_person if {
	marked := object.union(_marks("delete", _later), {"stateward.dev/confirmed-by": "system:serviceaccount:ci:deployer"})
	entry := _entry({"user": {"username": "bob"}, "marks": marked})
	confirmation.valid(entry, _rule)
	not confirmation.valid(entry, _rule) with data.kind as "Guardrails" with data.spec.fourEyes as true
	way := confirmation.way(entry, _rule) with data.kind as "Guardrails" with data.spec.fourEyes as true
	startswith(way, "a second person must run (the confirmation of a service account does not count): ")
}

test_four_eyes_say_whose_confirmation_is_wanted if {
	command := confirmation.command(_entry({}), _rule)
	confirmation.way(_entry({}), _rule) == sprintf("confirm it: %s", [command])
	mine := confirmation.way(_entry({}), _rule) with data.kind as "Guardrails" with data.spec.fourEyes as true
	mine == sprintf("a second person must run (your own confirmation does not count): %s", [command])
	none := confirmation.way(_entry({"marks": {}}), _rule) with data.kind as "Guardrails" with data.spec.fourEyes as true
	none == sprintf("a second person must run: %s", [command])
}

test_record_says_who_until_when_and_why if {
	confirmation.record(_entry({})) == {"by": "alice", "until": _later, "reason": "", "unnamed": true}
	reasoned := object.union(_marks("scale", _later), {"stateward.dev/confirm-reason": "it moves"})
	confirmation.record(_scale) == {"by": "alice", "until": _later, "reason": "it moves", "unnamed": true}
		with data.cluster.statefulsets as _sets(reasoned)
}

test_nothing_is_confirmed_where_the_time_is_unknown if {
	not confirmation.valid(_entry({"time": ""}), _rule)
}

test_confirmation_is_read_from_what_is_stored if {
	marked := {"metadata": {"annotations": _marks("update", _later)}}
	not confirmation.valid(object.union(_entry({"operation": "UPDATE", "marks": {}}), {"object": marked}), _rule)
	not confirmation.valid(object.union(_entry({"operation": "CREATE"}), {"object": marked, "old": null}), _rule)
}

test_confirmation_is_for_the_rules_that_it_names[case] if {
	some case in [
		{"rules": "a-rule", "valid": true},
		{"rules": "quorum, a-rule", "valid": true},
		{"rules": "old-name", "valid": true},
		{"rules": "a-", "valid": false},
		{"rules": "*", "valid": false},
	]
	marked := object.union(_marks("delete", _later), {"stateward.dev/confirm-rules": case.rules})
	valid := count([true | confirmation.valid(_entry({"marks": marked}), _rule)])
	valid == count([true | case.valid])
}

test_confirmation_of_another_rule_is_told if {
	marked := object.union(_marks("delete", _later), {"stateward.dev/confirm-rules": "quorum"})
	startswith(confirmation.way(_entry({"marks": marked}), _rule), "confirm it too (quorum is confirmed): kubectl")
}

test_confirmation_is_for_the_object_as_it_was[case] if {
	some case in [
		{"operation": "UPDATE", "object": "0c7a/5", "way": ""},
		{
			"operation": "UPDATE", "object": "0c7a/4",
			"way": "confirm it again (it was confirmed for generation 4, which is now 5): ",
		},
		{
			"operation": "UPDATE", "object": "1d8b/5",
			"way": "confirm it again (it was confirmed for an object of this name that is gone): ",
		},
		{"operation": "UPDATE", "object": "", "way": _with_the_object},
		{"operation": "DELETE", "object": "0c7a/Delete", "way": ""},
		{
			"operation": "DELETE", "object": "0c7a/Retain",
			"way": "confirm it again (it was confirmed for whenDeleted Retain, which is now Delete): ",
		},
		{"operation": "DELETE", "object": "0c7a", "way": "confirm it again (it was confirmed for another state of it): "},
	]
	marked := object.union(_marks(lower(case.operation), _later), {"stateward.dev/confirmed-object": case.object})
	entry := object.union(_entry({"operation": case.operation}), {"old": {
		"metadata": {"uid": "0c7a", "generation": 5, "annotations": marked},
		"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}},
	}})
	valid := count([true | confirmation.valid(entry, _rule)])
	valid == count([true | case.way == ""])
	startswith(confirmation.way(entry, _rule), case.way)
}

_with_the_object := concat(" ", [
	"confirm it again (it came with the object or with another change by a service account,",
	"which confirms nothing): ",
])

test_deletion_is_confirmed_for_the_claims_that_go_with_it[case] if {
	some case in [
		{"object": "0c7a/Delete/2-5e5e36bd1d14", "way": ""},
		{
			"object": "0c7a/Delete/1-5e5e36bd1d14",
			"way": "confirm it again (it was confirmed when 1 claim would go with it, and now it is 2): ",
		},
		{
			"object": "0c7a/Delete",
			"way": "confirm it again (it was confirmed when 0 claims would go with it, and now it is 2): ",
		},
		{
			"object": "0c7a/Delete/2-0123456789ab",
			"way": "confirm it again (it was confirmed for 2 claims, which changed since): ",
		},
		{
			"object": "0c7a/Retain/2-5e5e36bd1d14",
			"way": "confirm it again (it was confirmed for whenDeleted Retain, which is now Delete): ",
		},
	]
	marked := object.union(_marks("delete", _later), {
		"stateward.dev/confirm-rules": "a-rule",
		"stateward.dev/confirmed-object": case.object,
	})
	entry := object.union(_entry({}), {"old": {
		"metadata": {"name": "web", "namespace": "default", "uid": "0c7a", "annotations": marked},
		"spec": {
			"replicas": 2,
			"volumeClaimTemplates": [{"metadata": {"name": "www"}}],
			"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"},
		},
	}})
	valid := count([true | confirmation.valid(entry, _rule)]) with data.cluster.persistentvolumeclaims as _claims
	valid == count([true | case.way == ""])
	way := confirmation.way(entry, _rule) with data.cluster.persistentvolumeclaims as _claims
	startswith(way, case.way)
}

_claims := {"default": {name: {"metadata": {"name": name}} | some name in ["www-web-0", "www-web-1"]}}

test_loss_of_data_is_confirmed_by_name if {
	not confirmation.valid(_entry({}), _lossy)
	why := "the confirmation names no rules, and this rule is about loss of data"
	startswith(confirmation.way(_entry({}), _lossy), sprintf("confirm it too (%s): kubectl annotate", [why]))
	named := object.union(_marks("delete", _later), {"stateward.dev/confirm-rules": "cascade-delete"})
	confirmation.valid(_entry({"marks": named}), _lossy)
	not confirmation.record(_entry({"marks": named})).unnamed
}

test_loss_of_data_is_confirmed_by_name_with_four_eyes_too if {
	why := "the confirmation names no rules, and this rule is about loss of data"
	way := confirmation.way(_entry({}), _lossy) with data.kind as "Guardrails" with data.spec.fourEyes as true
	startswith(way, sprintf("a second person must run (%s): kubectl annotate", [why]))
}

test_stale_confirmation_is_told_with_four_eyes_too if {
	marked := object.union(_marks("update", _later), {"stateward.dev/confirmed-object": "0c7a/4"})
	entry := object.union(_entry({"operation": "UPDATE"}), {"old": {
		"metadata": {"uid": "0c7a", "generation": 5, "annotations": marked},
	}})
	way := confirmation.way(entry, _rule) with data.kind as "Guardrails" with data.spec.fourEyes as true
	startswith(way, "a second person must run (it was confirmed for generation 4, which is now 5): ")
}

test_claim_has_no_generation if {
	marked := object.union(_marks("delete", _later), {"stateward.dev/confirmed-object": "0c7a"})
	changed := {
		"kind": "PersistentVolumeClaim",
		"group": "",
		"old": {"metadata": {"uid": "0c7a", "annotations": marked}},
	}
	confirmation.valid(object.union(_entry({}), changed), _rule)
}

test_scale_is_confirmed_on_its_statefulset if {
	confirmation.valid(_scale, _rule) with data.cluster.statefulsets as _sets(_marks("scale", _later))
}

test_scale_is_not_confirmed_by_another_operation[operation] if {
	some operation in ["update", "delete"]
	not confirmation.valid(_scale, _rule) with data.cluster.statefulsets as _sets(_marks(operation, _later))
}

test_scale_is_not_confirmed_for_another_namespace if {
	entry := object.union(_scale, {"namespace": "prod"})
	not confirmation.valid(entry, _rule) with data.cluster.statefulsets as _sets(_marks("scale", _later))
}

test_scale_of_an_unknown_statefulset_is_not_confirmed if {
	not confirmation.valid(_scale, _rule)
}

test_command_confirms_for_ten_minutes if {
	confirmation.command(_entry({}), _rule) == concat(" ", [
		"kubectl annotate statefulset web -n default --overwrite --field-manager=stateward-confirm",
		"stateward.dev/confirm=delete stateward.dev/confirm-rules=a-rule stateward.dev/confirm-for=10m",
	])
}

test_nothing_is_confirmed_in_a_plan_whatever_its_files_say if {
	not confirmation.valid(_entry({"planned": true}), _rule)
	confirmation.valid(_entry({"planned": false}), _rule)
}

test_way_out_of_a_plan_leaves_the_confirmation_to_its_day if {
	confirmation.way(_entry({"planned": true}), _rule) == concat(" ", [
		"add an exception to the Guardrails, and confirm it when it is applied:",
		"stateward confirm statefulset/web delete -n default --rules a-rule",
	])
}

test_deletion_of_what_helm_installed_is_confirmed_with_its_release if {
	installed := {"metadata": {"annotations": {"meta.helm.sh/release-name": "shop"}}}
	confirmation.way(object.union(_entry({"marks": {}}), {"old": installed}), _rule) == concat(" ", [
		"confirm it:",
		"stateward confirm release shop delete -n default",
	])
	updated := confirmation.way(object.union(_entry({"marks": {}, "operation": "UPDATE"}), {"old": installed}), _rule)
	startswith(updated, "confirm it: kubectl annotate statefulset web")
}

test_command_names_the_statefulset_of_a_scale if {
	confirmation.command(_scale, _rule) == concat(" ", [
		"kubectl annotate statefulset web -n default --overwrite --field-manager=stateward-confirm",
		"stateward.dev/confirm=scale stateward.dev/confirm-rules=a-rule stateward.dev/confirm-for=10m",
	])
}

test_command_confirms_what_it_stands_for if {
	command := confirmation.command(_entry({}), _rule)
	marks := {key: value |
		some mark in split(command, " ")
		[key, value] := split(mark, "=")
	}
	until := stamp.promised({"time": _now, "old": null, "object": {"metadata": {"annotations": marks}}})
	written := {"stateward.dev/confirmed-by": "alice", "stateward.dev/confirm-until": until}
	confirmation.valid(_entry({"marks": object.union(marks, written)}), _rule)
}

test_leap_day_is_a_day if {
	confirmation.valid(
		_entry({
			"time": "2028-02-29T12:00:00Z",
			"marks": _marks("delete", "2028-02-29T12:10:00Z"),
		}),
		_rule,
	)
}

test_time_that_does_not_parse_confirms_nothing[until] if {
	some until in ["2026-11-23t12:10:00z", "2026-02-29T12:10:00Z", "2026-02-30T12:10:00Z", "soon"]
	not confirmation.valid(_entry({"marks": _marks("delete", until)}), _rule)
}

_said(operation, until) := {"stateward.dev/confirm": operation, "stateward.dev/confirm-until": until}

_marks(operation, until) := object.union(_said(operation, until), {"stateward.dev/confirmed-by": "alice"})

_entry(fields) := {
	"operation": object.get(fields, "operation", "DELETE"),
	"group": "apps",
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
