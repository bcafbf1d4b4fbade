package stateward.rules.audit["exception-unused_test"]

import data.stateward.rules.audit["exception-unused"] as rule

test_exception_that_nothing_needs_is_said if {
	{finding.msg | some finding in rule.report} == {concat(" ", [
		"[exception-unused] spec.exceptions[0]: no object needs the exception from image-tag, spread; its owner is",
		"team@example.com. Fix: remove the exception, or narrow it to the objects that need it.",
	])} with input as _guardrails([_until("2027-11-23T12:00:00Z"), _until("2026-12-01T12:00:00Z")])
}

test_exception_that_is_not_there_is_not_said if {
	rule.report == set() with input as _guardrails([])
}

_guardrails(exceptions) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {
		"operation": "AUDIT",
		"kind": {"group": "stateward.dev", "kind": "Guardrails"},
		"object": {"metadata": {"name": "stateward"}, "spec": {"exceptions": exceptions}},
		"options": {"unusedExceptions": [0]},
	},
}

_until(expires) := {"rules": ["image-tag", "spread"], "owner": "team@example.com", "expires": expires}
