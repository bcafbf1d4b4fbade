package stateward.rules.identity["ordinals-start_test"]

import data.stateward.rules.identity["ordinals-start"] as rule

_fix := concat(" ", [
	"Fix: keep ordinals.start, or first move the data to the claims of the new pods, or confirm it:",
	"kubectl annotate statefulset web -n default --overwrite",
	"--field-manager=stateward-confirm stateward.dev/confirm=update",
	"stateward.dev/confirm-rules=ordinals-start stateward.dev/confirm-for=10m",
])

test_another_start_is_denied if {
	messages := {finding.msg | some finding in rule.report} with input as _update(_from(0, 3), _from(5, 3))
	messages == {concat(" ", [
		"[ordinals-start] spec.ordinals.start:",
		"from 0 to 5 stops web-0 to web-2 (claims stay), starts web-5 to web-7 with other claims.",
		_fix,
	])}
}

test_finding_is_a_denial_at_the_start if {
	some finding in rule.report with input as _update(_from(0, 3), _from(5, 3))
	finding.path == ["spec", "ordinals", "start"]
	finding.severity == "deny"
	finding.existing == false
	finding.confirmed == false
	not finding.advice
}

test_claims_that_are_deleted_are_said if {
	after := object.union(_from(5, 3), _policy("Delete"))
	{finding.what | some finding in rule.report} == {concat(" ", [
		"from 0 to 5 stops web-0 to web-2 (claims DELETED, whenScaled: Delete),",
		"starts web-5 to web-7 with other claims",
	])} with input as _update(object.union(_from(0, 3), _policy("Delete")), after)
	whats := {finding.what | some finding in rule.report} with input as _update(_from(0, 3), after)
	contains(concat("", whats), "DELETED")
}

test_policy_of_the_new_spec_counts if {
	{finding.what | some finding in rule.report} == {concat(" ", [
		"from 0 to 5 stops web-0 to web-2 (claims stay),",
		"starts web-5 to web-7 with other claims",
	])} with input as _update(object.union(_from(0, 3), _policy("Delete")), object.union(_from(5, 3), _policy("Retain")))
}

test_set_without_claims_loses_names_only[templates] if {
	some templates in [null, []]
	bare := {"volumeClaimTemplates": templates}
	{finding.what | some finding in rule.report} == {"from 0 to 5 stops web-0 to web-2, starts web-5 to web-7"}
		with input as _update(object.union(_from(0, 3), bare), object.union(_from(5, 3), bare))
}

test_pods_in_both_ranges_stay[expected] if {
	some expected, specs in {
		"from 0 to 1 stops web-0 (claims stay), starts web-3 with other claims": [_from(0, 3), _from(1, 3)],
		"from 5 to 4 stops web-7 (claims stay), starts web-4 with other claims": [_from(5, 3), _from(4, 3)],
		"from 0 to 1 stops web-0 (claims stay)": [_from(0, 3), _from(1, 2)],
		"from 0 to 1 stops web-0 and web-4 to web-5 (claims stay)": [_from(0, 6), _from(1, 3)],
		"from 0 to 9 stops web-0 (claims stay), starts web-9 with other claims": [_from(0, 1), _from(9, 1)],
		"from 5 to 0 stops web-5 (claims stay), starts web-0 with other claims": [_from(5, 1), _from(0, 1)],
		"from 0 to 5 stops web-0 to web-2 (claims stay)": [_from(0, 3), _from(5, 0)],
		"from 5 to 6 stops web-5 to web-7 (claims stay)": [_from(5, 3), _from(6, 0)],
		"from 5 to 0 stops web-5 to web-7 (claims stay)": [_from(5, 3), _from(0, 0)],
	}
	{finding.what | some finding in rule.report} == {expected} with input as _update(specs[0], specs[1])
}

test_range_that_only_grows_is_mentioned if {
	some finding in rule.report with input as _update(_from(3, 1), _from(1, 4))
	finding.advice == true
	finding.msg == concat(" ", [
		"[ordinals-start] spec.ordinals.start: from 3 to 1 starts web-1 to web-2 and web-4 with other claims.",
		"Fix: check that their claims hold no old data.",
	])
}

test_absent_start_is_zero[ordinals] if {
	some ordinals in [null, {}, {"start": null}]
	absent := {"replicas": 3, "ordinals": ordinals}
	rule.report == set() with input as _update(absent, _from(0, 3))
	rule.report == set() with input as _update(_from(0, 3), absent)
	{finding.existing | some finding in rule.report} == {false} with input as _update(absent, _from(5, 3))
	{finding.existing | some finding in rule.report} == {false} with input as _update(_from(5, 3), absent)
}

test_absent_replicas_are_one if {
	bare := {"replicas": null}
	{finding.what | some finding in rule.report} == {
		"from 0 to 5 stops web-0 (claims stay), starts web-5 with other claims",
	} with input as _update(object.union(_from(0, 3), bare), object.union(_from(5, 3), bare))
}

test_same_start_is_fine if {
	rule.report == set() with input as _update(_from(5, 3), _from(5, 4))
}

test_set_without_pods_may_start_anywhere if {
	rule.report == set() with input as _update(_from(0, 0), _from(5, 0))
	rule.report == set() with input as _update(_from(0, 0), _from(5, 3))
}

test_set_without_pods_has_claims[what] if {
	some what, specs in {
		"from 0 to 5 the next pods no longer find claims www-web-0, www-web-2": [_from(0, 0), _from(5, 0)],
		"from 0 to 1 the next pods no longer find claims www-web-0": [_from(0, 0), _from(1, 3)],
		"from 0 to 1 the next pods no longer find claims www-web-0, www-web-2": [_from(0, 0), _from(1, 1)],
	}
	{[finding.what, finding.severity] | some finding in rule.report} == {[what, "deny"]}
		with input as _update(specs[0], specs[1])
		with data.cluster.persistentvolumeclaims as _claims
}

test_claims_of_a_set_without_pods_may_come_into_reach if {
	rule.report == set() with input as _update(_from(2, 0), _from(0, 0))
		with data.cluster.persistentvolumeclaims as _claims
}

test_pods_of_a_former_set_below_the_start_are_stopped if {
	{[finding.what, finding.fix] | some finding in rule.report} == {[
		"5 stops web-0, web-1, which a former StatefulSet of this name left: others start with other claims",
		"create it with ordinals.start 0 first, then change it by an update.",
	]} with input as _create(_from(5, 3)) with data.cluster.pods as _left
	{finding.what | some finding in rule.report} == {"5 stops web-0, web-1, which a former StatefulSet of this name left"}
		with input as _create(object.union(_from(5, 3), {"volumeClaimTemplates": []}))
		with data.cluster.pods as _left
	rule.report == set() with input as _create(_from(0, 1)) with data.cluster.pods as _left
}

test_claims_of_a_former_set_below_the_start_are_said if {
	{[finding.what, finding.advice] | some finding in rule.report} == {[
		"no pod finds claims www-web-0, www-web-2 of a former set, which are below 5",
		true,
	]} with input as _create(_from(5, 3)) with data.cluster.persistentvolumeclaims as _claims
	rule.report == set() with input as _create(_from(2, 3)) with data.cluster.persistentvolumeclaims as _claims
	rule.report == set() with input as _create(_from(0, 3)) with data.cluster.persistentvolumeclaims as _claims
}

_claims := {"default": {name: {"metadata": {"name": name}} | some name in ["www-web-0", "www-web-2"]}}

_left := {"default": {name: pod |
	some name in ["web-0", "web-1"]
	pod := {
		"metadata": {"name": name, "labels": {"app": "web", "statefulset.kubernetes.io/pod-name": name}},
		"spec": {"hostname": name},
	}
}}

_create(spec) := {"request": {
	"operation": "CREATE",
	"kind": {"group": "apps", "kind": "StatefulSet"},
	"object": _sts(object.union(spec, {
		"selector": {"matchLabels": {"app": "web"}},
		"template": {"metadata": {"labels": {"app": "web"}}},
	})),
}}

test_only_an_update_changes_the_start[operation] if {
	some operation in ["CREATE", "DELETE"]
	other := {"request": {"operation": operation}}
	rule.report == set() with input as object.union(_update(_from(0, 3), _from(5, 3)), other)
}

test_manifest_has_no_start_before if {
	rule.report == set() with input as _sts(_from(5, 3))
}

test_update_of_nothing_known_is_not_judged if {
	request := object.remove(_update(_from(0, 3), _from(5, 3)).request, ["oldObject"])
	rule.report == set() with input as {"request": request}
}

test_other_kinds_are_not_judged if {
	other := {"request": {"kind": {"kind": "Deployment"}}}
	rule.report == set() with input as object.union(_update(_from(0, 3), _from(5, 3)), other)
}

test_confirmed_change_is_marked if {
	marks := {"request": {"oldObject": {"metadata": {"annotations": {
		"stateward.dev/confirm": "update",
		"stateward.dev/confirm-rules": "ordinals-start",
		"stateward.dev/confirm-until": "2026-11-23T12:10:00Z",
		"stateward.dev/confirmed-by": "alice",
	}}}}}
	{finding.confirmed | some finding in rule.report} == {true}
		with input as object.union(_update(_from(0, 3), _from(5, 3)), marks)
}

_from(start, replicas) := {
	"replicas": replicas,
	"ordinals": {"start": start},
	"volumeClaimTemplates": [{"metadata": {"name": "www"}}],
}

_policy(when_scaled) := {"persistentVolumeClaimRetentionPolicy": {"whenScaled": when_scaled}}

_update(before, after) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {
		"operation": "UPDATE",
		"kind": {"group": "apps", "kind": "StatefulSet"},
		"oldObject": _sts(before),
		"object": _sts(after),
	},
}

_sts(spec) := {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": spec}
