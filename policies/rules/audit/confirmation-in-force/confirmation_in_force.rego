# METADATA
# title: Confirmations in force are intended
# description: |
#   While a confirmation is in force, the operation that it names is allowed. It ends after at most an hour, or when the
#   object has changed. The rule lists the annotations and the Confirmation objects that count at the time of the audit.
# custom:
#   severity: audit
#   on:
#     confirmations: [AUDIT]
#     namespaces: [AUDIT]
#     persistentvolumeclaims: [AUDIT]
#     persistentvolumes: [AUDIT]
#     poddisruptionbudgets: [AUDIT]
#     pods: [AUDIT]
#     services: [AUDIT]
#     statefulsets: [AUDIT]
#   reads: [persistentvolumeclaims]
#   fix: "remove it if the operation is done or was not intended"
#   since: v0.1.0
package stateward.rules.audit["confirmation-in-force"]

import data.stateward.lib.clock
import data.stateward.lib.confirmation
import data.stateward.lib.metadata
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "annotations", metadata.confirm],
	"what": sprintf("%q is allowed until %s, confirmed by %s", [operation, until, by]),
}) if {
	some entry in review.audited(metadata.kinds)
	operation := metadata.annotation(entry.object, metadata.confirm)
	target := {"group": entry.group, "kind": entry.kind, "operation": operation, "object": entry.object}
	confirmation.in_force(target, entry)
	by := metadata.annotation(entry.object, metadata.confirmed_by)
	until := metadata.annotation(entry.object, metadata.until)
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "until"],
	"what": sprintf("%s is allowed until %s, confirmed by %s", [operations, spec.until, spec.confirmedBy]),
}) if {
	some entry in review.audited_settings("Confirmation")
	spec := entry.object.spec
	object.get(spec, "confirmedBy", "") != ""
	clock.within_the_hour(spec.until, entry.time)
	operations := concat(", ", spec.operations)
}
