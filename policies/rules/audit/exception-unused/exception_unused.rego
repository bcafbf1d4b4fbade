# METADATA
# title: Exceptions are needed
# description: |
#   An exception that no object needs any more is a gap in the guard. `stateward audit` reports an exception if nothing
#   that it found is under it. Exceptions for subjects, and from rules that only judge changes and deletions, are not
#   reported: an audit cannot see their use.
# custom:
#   severity: warn
#   on:
#     parents: [AUDIT]
#   fix: "remove the exception, or narrow it to the objects that need it"
#   since: v0.1.0
package stateward.rules.audit["exception-unused"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "exceptions", index],
	"what": sprintf("no object needs the exception from %s; its owner is %s", [ids, exception.owner]),
}) if {
	some entry in review.audited_settings("Guardrails")

	# What an audit has found out about the exceptions, by their index.
	some index in entry.options.unusedExceptions
	exception := entry.object.spec.exceptions[index]
	ids := concat(", ", exception.rules)
}
