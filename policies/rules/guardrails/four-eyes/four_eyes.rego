# METADATA
# title: Weakening Guardrails with four eyes needs a second person
# description: |
#   With `fourEyes: true` one user confirms an operation and another one performs it. A user who may edit the Guardrails
#   could switch that off first and do both alone. So an update that may weaken them, and their deletion, need the
#   confirmation of a second person too. A change counts as weaker unless it is certain to be stricter: a higher
#   action, a higher profile, a match or an exception that is removed. Deleting the registration of Stateward ends
#   this rule with all others.
# custom:
#   severity: deny
#   confirm: true
#   on:
#     parents: [UPDATE, DELETE]
#   when:
#     parents: fourEyes
#   fix: leave it as it is
#   since: v0.1.0
package stateward.rules.guardrails["four-eyes"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": "without these Guardrails one person can confirm and do everything alone",
}) if {
	some entry in _guarded
	entry.operation == "DELETE"
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": change.path,
	"what": change.what,
	"touched": true,
}) if {
	some entry in _guarded
	entry.operation == "UPDATE"
	some change in _weaker(entry.old.spec, entry.object.spec)
}

_guarded := [entry |
	some entry in review.parents
	entry.kind == "Guardrails"
	entry.group == "stateward.dev"
	entry.old.spec.fourEyes == true

	# In a repository the second person is the one who reviews the change.
	not entry.planned
]

_weaker(before, after) := array.flatten([
	_spec_changes(before, after),
	_action_changes(before, after),
	_setting_changes(before, after),
	_exception_changes(before, after),
])

_spec_changes(before, after) := array.flatten([
	[{"path": ["spec", "fourEyes"], "what": "one person could confirm and do everything alone"} |
		not after.fourEyes
	],
	[{"path": ["spec", "profile"], "what": sprintf("the rules would be weaker than in profile %q", [before.profile])} |
		before.profile == "strict"
		object.get(after, "profile", "baseline") != "strict"
	],
	[{"path": ["spec", "match"], "what": "the rules would apply to other objects than before"} |
		_narrower(before, after)
	],
	[{"path": ["spec", field], "what": what} |
		some field, what in {
			"actors": "other subjects than before would be selected",
			"include": "other fragments than before would exempt objects from rules",
		}
		object.get(before, field, []) != object.get(after, field, [])
	],
	[{"path": ["spec", "automation", index], "what": sprintf("%q would count as automation", [name])} |
		some index, name in after.automation
		not name in object.get(before, "automation", [])
	],
	[{"path": ["spec", "rolloutGroups"], "what": sprintf("sets of rollout group %q could roll together", [each.name])} |
		some each in before.rolloutGroups
		not each in object.get(after, "rolloutGroups", [])
	],
	[{"path": ["spec", "parents"], "what": sprintf("%s could be deleted with its sets without a question", [each.kind])} |
		some each in before.parents
		not each in object.get(after, "parents", [])
	],
	[{"path": ["spec", "registration", "manage"], "what": "Stateward would remove the webhooks that it added"} |
		before.registration.manage
		not after.registration.manage
	],
	[{"path": ["spec", "promoters", index], "what": sprintf("%q could lower the partition of a canary alone", [name])} |
		some index, name in after.promoters
		not name in object.get(before, "promoters", [])
	],
])

_action_changes(before, after) := [{
	"path": array.concat(_place(after, id), ["action"]),
	"what": sprintf("rule %q may become weaker: its action would be %s instead of %s", [id, _said(now), _said(was)]),
} |
	some id in _ids(before, after)
	was := object.get(_setting(before, id), "action", "")
	now := object.get(_setting(after, id), "action", "")
	_lower(was, now)
]

_setting_changes(before, after) := [{
	"path": array.concat(_place(after, id), [field]),
	"what": sprintf("rule %q may become weaker: its %s would change", [id, field]),
} |
	some id in _ids(before, after)
	some field in ["match", "actions", "params"]
	_alters(field, _setting(before, id), _setting(after, id))
]

_exception_changes(before, after) := [{
	"path": ["spec", "exceptions", index],
	"what": sprintf("this exception of %s would exempt objects from rules", [concat(", ", exception.rules)]),
} |
	some index, exception in after.exceptions
	not exception in object.get(before, "exceptions", [])
]

_ids(before, after) := {rule.id | some rule in before.rules} | {rule.id | some rule in after.rules}

_setting(spec, id) := array.concat([rule | some rule in spec.rules; rule.id == id], [{}])[0]

_place(spec, id) := ["spec", "rules", index] if {
	some index, rule in spec.rules
	rule.id == id
} else := ["spec", "rules"]

_alters("match", before, after) if _narrower(before, after)

_alters(field, before, after) if {
	field != "match"
	object.get(before, field, {}) != object.get(after, field, {})
}

# Without a match a rule applies to everything.
_narrower(before, after) if {
	after.match != object.get(before, "match", null)
}

_ranks := {"off": 0, "audit": 1, "warn": 2, "deny": 3}

_lower(was, now) if _ranks[now] < _ranks[was]

# The profile's own action may be any, so it is taken for the highest or the lowest.
_lower("", now) if _ranks[now] < 3

_lower(was, "") if _ranks[was] > 0

_said("") := "the profile's"

_said(action) := action if action != ""
