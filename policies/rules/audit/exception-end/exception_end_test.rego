package stateward.rules.audit["exception-end_test"]

import data.stateward.rules.audit["exception-end"] as rule

test_exception_that_ends_soon_is_said if {
	{finding.msg | some finding in rule.report} == {concat(" ", [
		"[exception-end] spec.exceptions[1].expires: the exception from image-tag, spread ends in 8 days; its owner is",
		"team@example.com. Fix: correct the objects before that time, or agree on another end with the owner.",
	])} with input as _guardrails([_until("2027-11-23T12:00:00Z"), _until("2026-12-01T12:00:00Z")])
}

test_end_is_said_in_words[expires] if {
	some expires, when in {"2026-11-23T11:00:00Z": "has ended", "2026-11-24T11:00:00Z": "ends within a day"}
	said := {finding.what | some finding in rule.report} with input as _guardrails([_until(expires)])
	said == {sprintf("the exception from image-tag, spread %s; its owner is team@example.com", [when])}
}

test_guardrails_set_the_days if {
	rule.report == set() with input as _guardrails([_until("2026-12-01T12:00:00Z")])
		with data.kind as "Guardrails"
		with data.spec.rules as [{"id": "exception-end", "params": {"days": 7}}]
}

_guardrails(exceptions) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {
		"operation": "AUDIT",
		"kind": {"group": "stateward.dev", "kind": "Guardrails"},
		"object": {"metadata": {"name": "stateward"}, "spec": {"exceptions": exceptions}},
	},
}

_until(expires) := {"rules": ["image-tag", "spread"], "owner": "team@example.com", "expires": expires}
