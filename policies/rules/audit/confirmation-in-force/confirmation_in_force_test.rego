package stateward.rules.audit["confirmation-in-force_test"]

import data.stateward.rules.audit["confirmation-in-force"] as rule

test_annotation_in_force_is_said if {
	{[finding.msg, finding.severity] | some finding in rule.report} == {[
		concat(" ", [
			`[confirmation-in-force] metadata.annotations["stateward.dev/confirm"]: "delete" is allowed until`,
			"2026-11-23T12:10:00Z, confirmed by alice. Fix: remove it if the operation is done or was not intended.",
		]),
		"audit",
	]} with input as _marked("2026-11-23T12:10:00Z", "alice")
}

test_confirmation_in_force_is_said if {
	said := {finding.what | some finding in rule.report} with input as _confirmation("2026-11-23T12:10:00Z", "alice")
	said == {"delete, scale is allowed until 2026-11-23T12:10:00Z, confirmed by alice"}
}

test_what_does_not_count_is_not_said[name] if {
	some name, given in {
		"ended": ["2026-11-23T12:00:00Z", "alice"],
		"too far away": ["2026-11-23T13:00:01Z", "alice"],
		"of an unknown user": ["2026-11-23T12:10:00Z", ""],
	}
	rule.report == set() with input as _marked(given[0], given[1])
	rule.report == set() with input as _confirmation(given[0], given[1])
}

test_confirmation_of_another_state_is_not_said[bound] if {
	some bound in ["", "0c7a/Delete", "1d8b"]
	stored := {"metadata": {"uid": "0c7a", "annotations": {"stateward.dev/confirmed-object": bound}}}
	document := object.union(_marked("2026-11-23T12:10:00Z", "alice"), {"request": {"object": stored}})
	rule.report == set() with input as document
}

test_confirmation_of_this_state_is_said if {
	stored := {"metadata": {"uid": "0c7a", "annotations": {"stateward.dev/confirmed-object": "0c7a"}}}
	document := object.union(_marked("2026-11-23T12:10:00Z", "alice"), {"request": {"object": stored}})
	count(rule.report) == 1 with input as document
}

_marked(until, by) := _audit("Service", "", {"metadata": {"name": "web", "annotations": {
	"stateward.dev/confirm": "delete",
	"stateward.dev/confirm-until": until,
	"stateward.dev/confirmed-by": by,
}}})

_confirmation(until, by) := _audit("Confirmation", "stateward.dev", {
	"metadata": {"name": "move"},
	"spec": {"operations": ["delete", "scale"], "until": until, "confirmedBy": by},
})

_audit(kind, group, value) := {
	"stateward": {"time": "2026-11-23T12:00:00Z"},
	"request": {"operation": "AUDIT", "kind": {"group": group, "kind": kind}, "namespace": "default", "object": value},
}
