package stateward.rules.guardrails["four-eyes_test"]

import data.stateward.rules.guardrails["four-eyes"] as rule

test_deletion_needs_a_second_person if {
	{[finding.msg, finding.severity] | some finding in rule.report} == {[
		concat(" ", [
			"[four-eyes] metadata.name: without these Guardrails one person can confirm and do everything alone.",
			"Fix: leave it as it is, or a second person must run:",
			"kubectl annotate guardrails.stateward.dev stateward --overwrite --field-manager=stateward-confirm",
			"stateward.dev/confirm=delete stateward.dev/confirm-rules=four-eyes stateward.dev/confirm-for=10m",
		]),
		"deny",
	]} with input as _delete({"fourEyes": true})
		with data.kind as "Guardrails"
		with data.spec as {"fourEyes": true}
}

test_weaker_guardrails_need_a_second_person[field] if {
	some field, case in {
		"spec.fourEyes": [{}, {"fourEyes": false}],
		"spec.profile": [{"profile": "strict"}, {"profile": "baseline"}],
		"spec.match": [{}, {"match": {"namespaces": ["data"]}}],
		"spec.actors": [{}, {"actors": [{"name": "ops"}]}],
		"spec.include": [{}, {"include": ["eck"]}],
		"spec.automation[0]": [{"automation": ["b"]}, {"automation": ["a", "b"]}],
		"spec.promoters[1]": [{"promoters": ["a"]}, {"promoters": ["a", "b"]}],
		"spec.parents": [{"parents": [{"kind": "Shop"}]}, {}],
		"spec.registration.manage": [{"registration": {"manage": true}}, {"registration": {"manage": false}}],
		"spec.rolloutGroups": [{"rolloutGroups": [{"name": "db"}]}, {"rolloutGroups": [{"name": "web"}]}],
		"spec.rules[0].action": [{}, {"rules": [{"id": "quorum", "action": "audit"}]}],
		"spec.rules.action": [{"rules": [{"id": "quorum", "action": "deny"}]}, {"rules": []}],
		"spec.rules[1].action": [
			{"rules": [{"id": "quorum", "action": "deny"}]},
			{"rules": [{"id": "peers", "action": "deny"}, {"id": "quorum", "action": "warn"}]},
		],
		"spec.rules[0].match": [{}, {"rules": [{"id": "quorum", "match": {"names": ["web"]}}]}],
		"spec.rules[0].params": [{}, {"rules": [{"id": "quorum", "params": {"labels": []}}]}],
		"spec.rules[0].actions": [{}, {"rules": [{"id": "quorum", "actions": {"automation": "off"}}]}],
		"spec.exceptions[1]": [{"exceptions": [_exception("web")]}, {"exceptions": [_exception("web"), _exception("db")]}],
	}
	{finding.field | some finding in rule.report} == {field} with input as _update(case[0], case[1])
}

test_stricter_guardrails_need_nobody[name] if {
	some name, case in {
		"nothing": [{}, {"advice": {"automation": "audit"}}],
		"a stricter profile": [{"profile": "baseline"}, {"profile": "strict"}],
		"no match": [{"match": {"namespaces": ["data"]}}, {}],
		"a higher action": [
			{"rules": [{"id": "quorum", "action": "off"}, {"id": "peers", "action": "off"}]},
			{"rules": [{"id": "quorum", "action": "deny"}]},
		],
		"an action more": [{}, {"rules": [{"id": "peers", "action": "deny"}]}],
		"automation less": [{"automation": ["a", "b"]}, {"automation": ["b"]}],
		"a promoter less": [{"promoters": ["a", "b"]}, {"promoters": ["b"]}],
		"a rollout group more": [{"rolloutGroups": [{"name": "db"}]}, {"rolloutGroups": [{"name": "db"}, {"name": "web"}]}],
		"managed webhooks": [{}, {"registration": {"manage": true}}],
		"a parent more": [{}, {"parents": [{"kind": "Shop"}]}],
		"an exception less": [{"exceptions": [_exception("web")]}, {}],
		"a rule's match less": [{"rules": [{"id": "quorum", "match": {"names": ["web"]}}]}, {"rules": [{"id": "quorum"}]}],
	}
	rule.report == set() with input as _update(case[0], case[1])
}

test_guardrails_without_four_eyes_are_nobodys_business if {
	rule.report == set() with input as _delete({"fourEyes": false})
	rule.report == set() with input as _delete({})
}

test_reviewed_change_in_a_repository_is_fine if {
	rule.report == set() with input as object.union(_delete({"fourEyes": true}), {"stateward": {"planned": true}})
}

test_object_of_another_group_is_not_judged if {
	other := {"request": {"kind": {"group": "example.com", "version": "v1", "kind": "Guardrails"}}}
	rule.report == set() with input as object.union(_delete({"fourEyes": true}), other)
}

test_match_of_the_guardrails_does_not_leave_them_out if {
	{finding.outside | some finding in rule.report; finding.outside} == set() with input as _delete({"fourEyes": true})
		with data.kind as "Guardrails"
		with data.spec as {"fourEyes": true, "match": {"namespaces": ["data"]}}
}

_exception(name) := {"rules": ["quorum"], "match": {"names": [name]}}

_update(before, after) := object.union(_request("UPDATE", before), {"request": {"object": _guardrails(object.union(
	{"fourEyes": true},
	after,
))}})

_delete(spec) := json.patch(_request("DELETE", {}), [{
	"op": "replace",
	"path": "/request/oldObject",
	"value": _guardrails(spec),
}])

_request(operation, before) := {
	"request": {
		"operation": operation,
		"kind": {"group": "stateward.dev", "version": "v1alpha1", "kind": "Guardrails"},
		"resource": {"group": "stateward.dev", "version": "v1alpha1", "resource": "guardrails"},
		"name": "stateward",
		"userInfo": {"username": "alice"},
		"oldObject": _guardrails(object.union({"fourEyes": true}, before)),
	},
	"stateward": {"time": "2026-11-23T12:00:00Z"},
}

_guardrails(spec) := {
	"apiVersion": "stateward.dev/v1alpha1",
	"kind": "Guardrails",
	"metadata": {"name": "stateward"},
	"spec": spec,
}
