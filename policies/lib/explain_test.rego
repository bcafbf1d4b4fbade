package stateward.lib.explain_test

import data.stateward.lib.explain

_rule := {"id": "quorum", "aliases": ["majority"], "severity": "warn", "profile": {"strict": "deny"}}

_account := "system:serviceaccount:flux-system:kustomize-controller"

_entry := {
	"kind": "StatefulSet", "namespace": "data", "name": "db", "time": "2026-01-01T00:00:00Z",
	"object": {"metadata": {"name": "db"}}, "old": null, "user": {"username": _account},
}

_exception := {
	"rules": ["majority"], "match": {"names": ["db"]}, "reason": "a test", "owner": "ops",
	"expires": "2026-02-01T00:00:00Z",
}

_actors := [{"name": "flux", "subjects": [{"kind": "ServiceAccount", "namespace": "flux-system", "name": "*"}]}]

test_setting_that_decides_is_named[text] if {
	some text, case in {
		"no Guardrails": {"spec": {}, "want": ["warn", "", "as the rule says"]},
		"profile": {"spec": {"profile": "strict"}, "want": ["deny", "spec.profile", "strict"]},
		"action": {
			"spec": {"rules": [{"id": "peers"}, _set({"action": "deny"})]},
			"want": ["deny", "spec.rules[1].action", ""],
		},
		"action of the class": {
			"spec": {"rules": [_set({"action": "deny", "actions": {"automation": "audit"}})]},
			"want": ["audit", "spec.rules[0].actions.automation", ""],
		},
		"action of an actor": {
			"spec": {"actors": _actors, "rules": [_set({"actions": {"flux": "off"}})]},
			"want": ["off", "spec.rules[0].actions.flux", ""],
		},
		"advice of the class": {
			"spec": {"advice": {"automation": "event"}},
			"want": ["event", "spec.advice.automation", "in the place of a warning"],
		},
		"advice of the class about a denial": {
			"spec": {"advice": {"automation": "event"}, "profile": "strict"},
			"want": ["deny", "spec.profile", "strict"],
		},
		"advice of the class about what is only recorded": {
			"spec": {"advice": {"automation": "audit"}, "rules": [_set({"action": "audit"})]},
			"want": ["audit", "spec.rules[0].action", ""],
		},
		"match of all rules": {
			"spec": {"match": {"namespaces": ["web"]}},
			"want": ["off", "spec.match", "it selects other requests"],
		},
		"match of the rule": {
			"spec": {"rules": [_set({"match": {"names": ["web"]}})]},
			"want": ["off", "spec.rules[0].match", "it selects other requests"],
		},
		"exception": {
			"spec": {"exceptions": [_exception]},
			"want": ["audit", "spec.exceptions[0]", "a test; until 2026-02-01T00:00:00Z"],
		},
		"exception from a rule that is off": {
			"spec": {"exceptions": [_exception], "rules": [_set({"action": "off"})]},
			"want": ["off", "spec.rules[0].action", ""],
		},
	}
	decided := explain.decided(_rule, _entry) with data.kind as "Guardrails" with data.spec as case.spec
	[decided.level, decided.setting, decided.note] == case.want
}

_set(more) := object.union({"id": "quorum"}, more)
