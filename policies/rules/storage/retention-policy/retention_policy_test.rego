package stateward.rules.storage["retention-policy_test"]

import data.stateward.rules.storage["retention-policy"] as rule

_manifest_fix := "Fix: keep Retain, and delete claims by hand when their data is not needed"

_confirm := concat(" ", [
	"or confirm it: kubectl annotate statefulset web -n default --overwrite --field-manager=stateward-confirm",
	"stateward.dev/confirm=update stateward.dev/confirm-rules=retention-policy stateward.dev/confirm-for=10m",
])

_when_deleted := "[retention-policy] spec.persistentVolumeClaimRetentionPolicy.whenDeleted"

_when_scaled := "[retention-policy] spec.persistentVolumeClaimRetentionPolicy.whenScaled"

test_turn_to_delete_is_denied[field] if {
	some field, message in {
		"whenDeleted": sprintf("%s: existing claims would be deleted with the StatefulSet. %s, %s", [
			_when_deleted,
			_manifest_fix,
			_confirm,
		]),
		"whenScaled": sprintf("%s: existing claims would be deleted with a scale-down. %s, %s", [
			_when_scaled,
			_manifest_fix,
			_confirm,
		]),
	}
	messages := {finding.msg | some finding in rule.report}
		with input as _update({field: "Retain"}, {field: "Delete"})
	messages == {message}
}

test_finding_is_a_denial_at_the_field if {
	some finding in rule.report with input as _update({}, {"whenDeleted": "Delete"})
	finding.path == ["spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"]
	finding.severity == "deny"
	finding.existing == false
	finding.confirmed == false
	not finding.advice
}

test_absent_policy_is_retain[policy] if {
	some policy in [null, {}, {"whenScaled": null}, {"whenScaled": ""}, {"whenDeleted": "Retain"}]
	{[finding.field, finding.existing] | some finding in rule.report} == {[
		"spec.persistentVolumeClaimRetentionPolicy.whenScaled",
		false,
	]} with input as _update(policy, {"whenScaled": "Delete"})
}

test_both_may_turn_at_once if {
	count(rule.report) == 2 with input as _update(null, {"whenDeleted": "Delete", "whenScaled": "Delete"})
}

test_delete_that_stays_is_no_news if {
	rule.report == set() with input as _update({"whenDeleted": "Delete"}, {"whenDeleted": "Delete"})
	rule.report == set() with input as _update(
		{"whenDeleted": "Delete", "whenScaled": "Delete"},
		{"whenDeleted": "Delete", "whenScaled": "Retain"},
	)
}

test_turn_to_retain_is_fine[policy] if {
	some policy in [null, {}, {"whenDeleted": "Retain", "whenScaled": "Retain"}]
	rule.report == set() with input as _update({"whenDeleted": "Delete", "whenScaled": "Delete"}, policy)
}

test_set_without_claims_has_nothing_to_lose[templates] if {
	some templates in [null, []]
	before := _sts({"volumeClaimTemplates": templates})
	after := object.union(before, {"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}})
	rule.report == set() with input as after
	rule.report == set() with input as {"request": {"operation": "UPDATE", "oldObject": before, "object": after}}
}

test_confirmed_turn_is_marked if {
	marks := {"request": {"oldObject": {"metadata": {"annotations": {
		"stateward.dev/confirm": "update",
		"stateward.dev/confirm-rules": "retention-policy",
		"stateward.dev/confirm-until": "2026-11-23T12:10:00Z",
		"stateward.dev/confirmed-by": "alice",
	}}}}}
	{finding.confirmed | some finding in rule.report} == {true}
		with input as object.union(_update({}, {"whenScaled": "Delete"}), marks)
}

test_new_set_with_delete_is_mentioned[door] if {
	sts := _retaining({"whenDeleted": "Delete", "whenScaled": "Delete"})
	some door, document in {"manifest": sts, "create": {"request": {"operation": "CREATE", "object": sts}}}
	{[finding.advice, finding.msg] | some finding in rule.report} == {
		[true, sprintf("%s: the claims will be deleted with the StatefulSet. %s.", [_when_deleted, _manifest_fix])],
		[true, sprintf("%s: the claims will be deleted with a scale-down. %s.", [_when_scaled, _manifest_fix])],
	} with input as document
}

test_new_set_with_retain_is_fine[policy] if {
	some policy in [null, {}, {"whenDeleted": "Retain"}, {"whenDeleted": "", "whenScaled": null}]
	rule.report == set() with input as _retaining(policy)
}

test_policy_that_is_none_is_mentioned[policy] if {
	some policy in ["Delete", ["Delete"], {"whenDeleted": "delete"}, {"whenScaled": true}]
	{[finding.advice, finding.msg] | some finding in rule.report} == {[true, sprintf(
		"[retention-policy] spec.persistentVolumeClaimRetentionPolicy: Kubernetes refuses %s. %s",
		[json.marshal(policy), "Fix: set whenDeleted and whenScaled to Delete or Retain."],
	)]} with input as _retaining(policy)
}

test_deletion_is_not_judged if {
	rule.report == set() with input as {"request": {
		"operation": "DELETE",
		"oldObject": _retaining({"whenDeleted": "Delete"}),
	}}
}

test_other_kinds_are_not_judged if {
	rule.report == set() with input as object.union(_retaining({"whenDeleted": "Delete"}), {"kind": "Deployment"})
}

_sts(spec) := {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": spec}

_retaining(policy) := _sts({
	"persistentVolumeClaimRetentionPolicy": policy,
	"volumeClaimTemplates": [{"metadata": {"name": "www"}}],
})

_update(before, after) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {
		"operation": "UPDATE",
		"kind": {"group": "apps", "kind": "StatefulSet"},
		"oldObject": _retaining(before),
		"object": _retaining(after),
	},
}
