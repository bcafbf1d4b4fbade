package stateward.lib.router_test

import data.stateward.lib.router

test_findings_have_the_level_of_their_rule if {
	levels := {[finding.rule, finding.level] | some finding in router.findings} with input as _bad
	levels == {["partition-range", "deny"], ["headless-service", "deny"], ["image-tag", "deny"]}
}

test_advice_is_a_warning_beside_denials if {
	sts := object.union(_bad, {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 3}}}})
	levels := {[finding.rule, finding.level] | some finding in router.findings} with input as sts
	levels == {["partition-range", "warn"], ["headless-service", "deny"], ["image-tag", "deny"]}
}

test_guardrails_decide_the_level[action] if {
	some action in ["deny", "warn", "audit"]
	levels := {finding.level | some finding in router.findings; finding.rule == "partition-range"} with input as _bad
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "partition-range", "action": action}]
	levels == {action}
}

test_finding_that_is_off_is_not_there if {
	rules := {finding.rule | some finding in router.findings} with input as _bad
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "partition-range", "action": "off"}]
	rules == {"headless-service", "image-tag"}
}

test_finding_keeps_what_its_rule_said if {
	some finding in router.findings with input as _bad
	finding.rule == "partition-range"
	finding.path == ["spec", "updateStrategy", "rollingUpdate", "partition"]
	finding.object == {"kind": "StatefulSet", "namespace": "default", "name": "web"}
}

test_notices_are_warnings_beside_the_denials_of_the_same_rule if {
	notices := {[finding.rule, finding.level] | some finding in router.notices} with input as _renamed
	notices == {["claim-immutable", "warn"]}
	findings := {[finding.rule, finding.level] | some finding in router.findings} with input as _renamed
	["claim-immutable", "deny"] in findings
}

test_notice_of_a_rule_that_is_off_is_not_there if {
	router.notices == set() with input as _renamed
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "claim-immutable", "action": "off"}]
}

test_denials_of_one_request_are_confirmed_together if {
	claim := {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
	before := {"replicas": 3, "volumeClaimTemplates": [claim], "ordinals": {"start": 0}}
	policy := {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}, "ordinals": {"start": 2}}
	request := {
		"operation": "UPDATE",
		"kind": {"group": "apps", "kind": "StatefulSet"},
		"userInfo": {"username": "alice"},
		"oldObject": object.union(_bad, {"spec": before}),
		"object": object.union(_bad, {"spec": object.union(before, policy)}),
	}
	asked := {[finding.rule, rules] |
		some finding in router.findings
		finding.level == "deny"
		[_, after] := split(finding.msg, "stateward.dev/confirm-rules=")
		rules := split(after, " ")[0]
	} with input as {"request": request, "stateward": {"time": "2026-11-23T12:00:00Z"}}
	asked == {
		["ordinals-start", "ordinals-start,retention-policy"],
		["retention-policy", "ordinals-start,retention-policy"],
	}
}

test_plan_says_how_each_rule_is_confirmed_later if {
	finding := {
		"severity": "deny", "profile": {}, "confirmed": false, "existing": false,
		"object": {"kind": "StatefulSet", "namespace": "default", "name": "web"},
	}
	reports := [[object.union(finding, {"rule": rule, "fix": text, "msg": text}) |
		some rule in ["a", "b"]
		text := sprintf("wait, or confirm it: stateward confirm statefulset/web update --rules %s", [rule])
	]]
	{found.fix | some found in router.with_levels(reports)} == {
		"wait, or confirm it: stateward confirm statefulset/web update --rules a,b",
	}
}

test_rules_of_users_are_asked_too if {
	finding := {"rule": "owner", "severity": "deny", "profile": {}}
	found := {[found.rule, found.level] | some found in router.findings} with input as {}
		with data.stateward.custom.rules as {"labels": {"owner": {"report": {finding}}}}
	found == {["owner", "deny"]}
}

test_mutation_excepted_is_not_made if {
	excepted := {"rules": ["default-selector"], "match": {"names": ["web"]}, "reason": "", "owner": "", "expires": ""}
	router.mutations == set() with input as _bad
		with data.kind as "Guardrails"
		with data.spec as {"exceptions": [excepted]}
}

test_mutations_are_warnings_with_a_patch if {
	found := {[finding.rule, finding.level, finding.patch[0].path] | some finding in router.mutations} with input as _bad
	found == {["default-selector", "warn", "/spec/selector"]}
}

test_mutation_stays_a_warning_whatever_its_action[action] if {
	some action in ["deny", "warn", "audit"]
	levels := {finding.level | some finding in router.mutations} with input as _bad
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "default-selector", "action": action}]
	levels == {"warn"}
}

test_mutation_tells_where_warnings_go if {
	finding := {"rule": "default-selector", "severity": "warn", "profile": {}, "channel": "event"}
	{found.level | some found in router.mutations_with_levels([[finding]])} == {"event"}
}

test_silent_mutation_is_only_recorded if {
	finding := {"rule": "auto-canary", "severity": "warn", "profile": {}, "silent": true}
	{found.level | some found in router.mutations_with_levels([[finding]])} == {"audit"}
}

test_mutation_that_is_off_is_not_there if {
	mutations := router.mutations with input as _bad
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "default-selector", "action": "off"}]
	mutations == set()
}

test_findings_and_mutations_are_kept_apart if {
	rules := {finding.rule | some finding in router.findings} with input as _bad
	mutations := {finding.rule | some finding in router.mutations} with input as _bad
	rules & mutations == set()
}

test_nothing_is_said_about_nothing[kind] if {
	some kind, document in {"null": null, "empty object": {}, "empty array": [], "text": "web", "number": 5}
	router.findings == set() with input as document
	router.mutations == set() with input as document
}

_renamed := {"request": {
	"operation": "UPDATE",
	"oldObject": object.union(_bad, {"spec": {"serviceName": "web"}}),
	"object": object.union(_bad, {"spec": {"serviceName": "other"}}),
}}

_spread := {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}}

_bad := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web"},
	"spec": {
		"replicas": 3,
		"minReadySeconds": 10,
		"updateStrategy": {"rollingUpdate": {"partition": 99}},
		"template": {
			"metadata": {"labels": {"app": "web"}},
			"spec": {
				"topologySpreadConstraints": [_spread],
				"containers": [{"name": "web", "image": "nginx"}],
			},
		},
	},
}
