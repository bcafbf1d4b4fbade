# METADATA
# title: Confirmations
# description: |
#   A guarded operation is let through when its object (for a Scale: the StatefulSet), as stored, carries
#   `stateward.dev/confirm: <operation>` and `stateward.dev/confirm-until: <RFC 3339>`, in the future and at most
#   one hour away, and `stateward.dev/confirmed-by`, which Stateward writes when a user sets the others. The clock is
#   the review's time; where that is unknown nothing is confirmed. Nor is anything in a plan: there the marks are
#   text in a file, without an author.
package stateward.lib.confirmation

import data.stateward.lib.clock
import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.confirmations
import data.stateward.lib.identity
import data.stateward.lib.marks
import data.stateward.lib.review

_hour := 3600000000000

# METADATA
# title: Valid
# description: |
#   True if a user has confirmed this operation and the confirmation is still valid. If the Guardrails require
#   four eyes, that user must not be the one who acts.
valid(entry) if {
	_holds(entry)
	confirmations.by_another(marks.annotation(_marked(entry), marks.confirmed_by), entry)
}

# METADATA
# title: Covered
# description: |
#   The Confirmation that lets this request through a rule of these names: its name, who gave it, until when and why.
covered(entry, rules) := confirmations.record(covering) if {
	possible(entry)
	covering := confirmations.covering(_target(entry), rules, entry)
}

# METADATA
# title: Possible
# description: True where there is something stored that a confirmation can be about.
# scope: document
possible(entry) if entry.operation in {"UPDATE", "DELETE"}

possible(entry) if entry.kind == "Eviction"

# METADATA
# title: Ends
# description: True for a StatefulSet whose own deletion is confirmed, so that what belongs to it may go with it.
# scope: document
ends(sts, entry) if {
	_counts(sts, "delete", entry)
	confirmations.by_another(marks.annotation(sts, marks.confirmed_by), entry)
}

ends(sts, entry) if {
	target := {"group": "apps", "kind": "StatefulSet", "operation": "delete", "object": sts}
	confirmations.covering(target, ["cascade-delete"], entry)
}

# METADATA
# title: Ahead
# description: True for the end of a confirmation that is more than an hour after the request.
ahead(until, entry) if {
	entry.time != ""
	clock.nanoseconds(until) - clock.nanoseconds(entry.time) > _hour
}

# METADATA
# title: Record
# description: Who confirmed, until when and why ("" if unknown).
record(entry) := {
	"by": marks.annotation(marked, marks.confirmed_by),
	"until": marks.annotation(marked, marks.until),
	"reason": marks.annotation(marked, marks.reason),
} if {
	marked := _marked(entry)
}

# METADATA
# title: Stamp
# description: |
#   The value of `stateward.dev/confirmed-by` after a request: the user who confirms or changes what is confirmed,
#   otherwise the old value; "" if nothing is confirmed.
# scope: document
stamp(entry) := "" if {
	marks.annotation(entry.object, marks.confirm) == ""
} else := marks.annotation(entry.old, marks.confirmed_by) if {
	marks.confirmation(entry.object) == marks.confirmation(entry.old)
} else := object.get(entry.user, "username", "")

# METADATA
# title: Way
# description: |
#   What to do to confirm, ending with the command to paste. A plan is applied later, so the time is left to
#   the confirmation of the live object. What Helm installed is deleted together, and so confirmed together.
# scope: document
way(entry) := sprintf("add an exception to the Guardrails, and confirm it when it is applied: %s", [
	_later(entry),
]) if {
	entry.planned
} else := sprintf("%s: stateward confirm release %s delete%s", [_who_must(entry), release, _in_namespace(entry)]) if {
	_operation(entry) == "delete"
	release := marks.annotation(_marked(entry), "meta.helm.sh/release-name")
	release != ""
} else := sprintf("%s: %s", [_who_must(entry), command(entry)])

# METADATA
# title: Command
# description: What to paste to confirm, for ten minutes from the review's time (TIME where that is unknown).
command(entry) := sprintf(
	"kubectl annotate %s %s%s --overwrite --field-manager=stateward-confirm %s=%s %s=%s",
	[lower(_kind(entry)), entry.name, _in_namespace(entry), marks.confirm, _operation(entry), marks.until, _soon(entry)],
)

_later(entry) := sprintf("stateward confirm %s/%s %s%s", [
	lower(_kind(entry)),
	entry.name,
	_operation(entry),
	_in_namespace(entry),
])

_holds(entry) if _counts(_marked(entry), _operation(entry), entry)

_counts(marked, operation, entry) if {
	not entry.planned
	entry.time != ""
	marks.annotation(marked, marks.confirm) == operation
	_is_stamp(marks.annotation(marked, marks.confirmed_by))
	left := clock.nanoseconds(marks.annotation(marked, marks.until)) - clock.nanoseconds(entry.time)
	left > 0
	left <= _hour
}

# A confirmation without a stamp was made where nobody looked. One by a controller came with a template: whoever wrote
# that is not known.
_is_stamp(username) if {
	username != ""
	not identity.is_controller({"username": username})
}

_is_of_a_service_account(entry) if {
	startswith(marks.annotation(_marked(entry), marks.confirmed_by), "system:serviceaccount:")
}

_who_must(entry) := "confirm it" if {
	not config.four_eyes
} else := "a second person must run (the confirmation of a service account does not count)" if {
	_holds(entry)
	_is_of_a_service_account(entry)
} else := "a second person must run (your own confirmation does not count)" if {
	_holds(entry)
} else := "a second person must run"

_in_namespace(entry) := "" if {
	entry.kind in {"CustomResourceDefinition", "Guardrails", "Namespace", "PersistentVolume"}
} else := sprintf(" -n %s", [entry.namespace])

# A Scale and an Eviction have no annotations of their own.
_marked(entry) := cluster.statefulset(entry.namespace, entry.name) if entry.kind == "Scale"

else := cluster.pod(entry.namespace, entry.name) if entry.kind == "Eviction"

else := entry.old

_operation(entry) := "scale" if entry.kind == "Scale"

else := "delete" if entry.kind == "Eviction"

else := lower(entry.operation)

_target(entry) := {
	"group": _group(entry),
	"kind": _base(entry),
	"operation": _operation(entry),
	"object": _marked(entry),
}

_group(entry) := "apps" if entry.kind == "Scale"

else := "" if entry.kind == "Eviction"

else := entry.group

_base(entry) := "StatefulSet" if entry.kind == "Scale"

else := "Pod" if entry.kind == "Eviction"

else := entry.kind

_kind(entry) := "StatefulSet" if entry.kind == "Scale"

else := "Pod" if entry.kind == "Eviction"

# A custom resource may share its name with a kind of another group.
else := sprintf("%s.%s", [entry.kind, entry.group]) if {
	not review.is_kind(entry, entry.kind)
	entry.group != ""
}

else := entry.kind

_soon(entry) := time.format([now + (_hour / 6), "UTC", "2006-01-02T15:04:05Z07:00"]) if {
	now := clock.nanoseconds(entry.time)
} else := "TIME"
