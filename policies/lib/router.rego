# METADATA
# title: Router
# description: |
#   Evaluates every rule and mutation of the library, in any folder, and decides the level of their findings. The only
#   place where a level is decided.
package stateward.lib.router

import data.stateward.lib.config
import data.stateward.lib.confirmation

# METADATA
# title: Findings
# description: What the rules found, each with its level; findings that are off are not among them.
# scope: document
# entrypoint: true
findings := with_levels(array.concat(
	[report | report := data.stateward.rules[_][_].report],
	# Users' own rules have a root of their own.
	[report | report := data.stateward.custom.rules[_][_].report],
))

# METADATA
# title: Notices
# description: |
#   What rules report in the mutating phase, because the API server itself rejects such a request before the validating
#   one: never more than a warning.
# scope: document
# entrypoint: true
notices := with_levels([notice | notice := data.stateward.rules[_][_].notice])

# METADATA
# title: Mutations
# description: What the mutations change.
# scope: document
# entrypoint: true
mutations := mutations_with_levels([report | report := data.stateward.mutations[_].report])

# METADATA
# title: With levels
# description: |
#   The findings in these reports of rules, each with its level. The engine evaluates only the rules that apply.
with_levels(reports) := _confirmed_together({object.union(finding, {"level": level}) |
	some report in reports
	some finding in report
	level := config.level(finding)
	level != "off"
})

# Each denial ends with a command that confirms what its rule denies. One annotation holds one list of rules, so where
# several rules deny, each command names all of them.
_confirmed_together(findings) := findings if {
	count(findings) < 2
} else := {object.union(finding, _naming(finding, findings)) | some finding in findings}

_naming(finding, findings) := {key: text |
	some key in ["msg", "fix"]
	text := strings.replace_n(
		{
			confirmation.for_rules([finding.rule]): confirmation.for_rules(sort(rules)),
			confirmation.later_for_rules([finding.rule]): confirmation.later_for_rules(sort(rules)),
		},
		finding[key],
	)
} if {
	_asks(finding)
	rules := {other.rule | some other in findings; other.object == finding.object; _asks(other)}
	count(rules) > 1
} else := {}

_asks(finding) if {
	finding.level == "deny"
	finding.confirmed == false
	finding.existing == false
	_names_itself(finding)
}

_names_itself(finding) if contains(finding.fix, confirmation.for_rules([finding.rule]))

_names_itself(finding) if endswith(finding.fix, confirmation.later_for_rules([finding.rule]))

# METADATA
# title: Mutations with levels
# description: The changes in these reports of mutations.
mutations_with_levels(reports) := {object.union(finding, {"level": _level_of(finding)}) |
	some report in reports
	some finding in report
	not finding.exception
	config.level(finding) != "off"
}

_level_of(finding) := "audit" if {
	finding.silent
} else := finding.channel if {
	finding.channel
} else := "warn"
