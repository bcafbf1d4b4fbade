# METADATA
# title: Confirmations
# description: |
#   A guarded operation is let through when its object (for a Scale: the StatefulSet), as stored, carries
#   `stateward.dev/confirm: <operation>` and `stateward.dev/confirm-until: <RFC 3339>`, in the future and at most
#   one hour away. The clock is the review's time; where that is unknown nothing is confirmed.
package stateward.lib.confirmation

import data.stateward.lib.cluster

_hour := 3600000000000

# A time that parses: an invalid one means "not confirmed", and must not stop the evaluation.
_rfc3339 := concat("", [
	`^(?:20\d\d-(?:`,
	`(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))`,
	`|20(?:[02468][048]|[13579][26])-02-29)`,
	`T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$`,
])

# METADATA
# title: Valid
# description: True where somebody has confirmed this very operation and the confirmation still holds.
valid(entry) if {
	entry.time != ""
	marks := _marks(entry)
	marks["stateward.dev/confirm"] == _operation(entry)
	until := marks["stateward.dev/confirm-until"]
	regex.match(_rfc3339, until)
	left := time.parse_rfc3339_ns(until) - time.parse_rfc3339_ns(entry.time)
	left > 0
	left <= _hour
}

# METADATA
# title: Command
# description: What to paste to confirm, for ten minutes from the review's time (TIME where that is unknown).
command(entry) := sprintf(
	"kubectl annotate %s %s%s --overwrite stateward.dev/confirm=%s stateward.dev/confirm-until=%s",
	[lower(_kind(entry)), entry.name, _in_namespace(entry), _operation(entry), _soon(entry)],
)

_in_namespace(entry) := "" if {
	entry.kind == "Namespace"
} else := sprintf(" -n %s", [entry.namespace])

_marks(entry) := cluster.statefulset(entry.namespace, entry.name).metadata.annotations if entry.kind == "Scale"

else := entry.old.metadata.annotations

_operation(entry) := "scale" if entry.kind == "Scale"

else := lower(entry.operation)

_kind(entry) := "StatefulSet" if entry.kind == "Scale"

else := entry.kind

_soon(entry) := time.format([time.parse_rfc3339_ns(entry.time) + (_hour / 6), "UTC", "2006-01-02T15:04:05Z07:00"]) if {
	entry.time != ""
} else := "TIME"
