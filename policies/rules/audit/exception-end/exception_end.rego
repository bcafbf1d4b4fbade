# METADATA
# title: Exceptions that end soon are renewed or removed
# description: |
#   When an exception of the Guardrails ends, its rules apply again, and the next change of an object that it matched is
#   denied. The rule reports exceptions that end within `days`, and those that have ended.
# custom:
#   severity: warn
#   on:
#     parents: [AUDIT]
#   params:
#     days:
#       type: integer
#       default: 30
#       description: days before its end from which an exception is reported
#   fix: "correct the objects before that time, or agree on another end with the owner"
#   since: v0.1.0
package stateward.rules.audit["exception-end"]

import data.stateward.lib.clock
import data.stateward.lib.config
import data.stateward.lib.result
import data.stateward.lib.review

_day := 86400000000000

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "exceptions", index, "expires"],
	"what": sprintf("the exception from %s %s; its owner is %s", [ids, _when(left), exception.owner]),
}) if {
	some entry in review.audited_settings("Guardrails")
	some index, exception in entry.object.spec.exceptions
	ids := concat(", ", exception.rules)
	left := clock.nanoseconds(exception.expires) - clock.nanoseconds(entry.time)
	left <= config.param(rego.metadata.chain(), "days") * _day
}

_when(left) := "has ended" if left <= 0

else := "ends within a day" if left < _day

else := sprintf("ends in %d days", [floor(left / _day)])
