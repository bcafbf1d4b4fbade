# METADATA
# title: Explanations
# description: |
#   Which setting decides what becomes of a violation of a rule, for one review. The level is that of the package
#   config, and the settings are in the order in which it heeds them.
package stateward.lib.explain

import data.stateward.lib.config
import data.stateward.lib.result
import data.stateward.lib.scope

# METADATA
# title: Decided
# description: |
#   The level of a violation, the path of the setting that decides it ("" for the rule's own metadata) and a note. The
#   rule is given by id, aliases, severity and profile of its metadata.
decided(rule, entry) := {"rule": rule.id, "level": level, "setting": path, "note": setting.note} if {
	called := array.concat([rule.id], rule.aliases)
	violation := _violation(rule, called, entry)
	level := config.level(violation)
	setting := _setting(violation, called, entry)
	path := result.field(setting.path)
}

_violation(rule, called, entry) := object.union_n([
	{"rule": rule.id, "aliases": rule.aliases, "severity": rule.severity, "profile": rule.profile},
	{"outside": true | scope.outside(called, entry)},
	{"exception": exception | exception := scope.exception(called, entry)},
	{"action": action | action := scope.action(called, entry)},
	{"channel": channel | channel := scope.channel(entry)},
])

_setting(violation, called, entry) := _missing(called, entry)[0] if {
	violation.outside
} else := _exempting(called, entry)[0] if {
	violation.exception
	config.level(violation) != "off"
} else := {"path": ["spec", "advice", "automation"], "note": "in the place of a warning"} if {
	_is_led_elsewhere(violation)
} else := _acting(called, entry)[0] if {
	violation.action
} else := _set(called)[0] if {
	count(_set(called)) > 0
} else := {"path": ["spec", "profile"], "note": config.spec.profile} if {
	violation.profile[config.spec.profile]
} else := {"path": [], "note": "as the rule says"}

_is_led_elsewhere(violation) if {
	violation.channel
	config.level(object.remove(violation, ["channel"])) == "warn"
}

_missing(called, entry) := array.concat(
	[{"path": ["spec", "match"], "note": note} | scope.misses(config.spec.match, entry)],
	[{"path": ["spec", "rules", index, "match"], "note": note} |
		some index, set in config.spec.rules
		set.id in called
		scope.misses(set.match, entry)
	],
) if {
	note := "it selects other requests"
}

_exempting(called, entry) := [{"path": ["spec", "exceptions", index], "note": note} |
	some index, exception in config.exceptions
	scope.exempts(exception, called, entry)
	note := sprintf("%s; until %s", [exception.reason, exception.expires])
]

_acting(called, entry) := [{"path": ["spec", "rules", index, "actions", name], "note": ""} |
	some index, set in config.spec.rules
	set.id in called
	some name, _ in set.actions
	scope.acts_as(name, entry.user)
]

_set(called) := [{"path": ["spec", "rules", index, "action"], "note": ""} |
	some index, set in config.spec.rules
	set.id in called
	set.action
]
