# METADATA
# title: Stamps
# description: |
#   What Stateward writes beside the marks of a confirmation: who set them and for which state of the object. A user
#   cannot know the latter, and must not choose the former.
package stateward.lib.stamp

import data.stateward.lib.clock
import data.stateward.lib.marks

# METADATA
# title: Name
# description: |
#   The value of `stateward.dev/confirmed-by` after a request: the user who confirms or changes what is confirmed,
#   otherwise the old value; "" if nothing is confirmed.
# scope: document
name(entry) := "" if {
	marks.annotation(entry.object, marks.confirm) == ""
} else := marks.annotation(entry.old, marks.confirmed_by) if {
	not renewed(entry)
} else := object.get(entry.user, "username", "")

# METADATA
# title: Bound
# description: The value of `stateward.dev/confirmed-object` after a request; "" if nothing is confirmed.
# scope: document
bound(entry) := "" if {
	name(entry) == ""
} else := marks.annotation(entry.old, marks.confirmed_object) if {
	not renewed(entry)
} else := state(entry.old, marks.annotation(entry.object, marks.confirm))

# METADATA
# title: Renewed
# description: True for a request that changes what is confirmed, or until when.
# scope: document
renewed(entry) if marks.confirmation(entry.object) != marks.confirmation(entry.old)

renewed(entry) if promised(entry)

# METADATA
# title: Promised
# description: The end of a confirmation that a request sets by its duration.
promised(entry) := _after(entry, duration) if {
	text := marks.annotation(entry.object, marks.for_time)
	text != marks.annotation(entry.old, marks.for_time)
	marks.annotation(entry.object, marks.confirm) != ""
	duration := _duration(text)
}

# METADATA
# title: Duration
# description: True for a duration that a confirmation may have.
is_duration(text) if _duration(text)

_duration(text) := nanoseconds if {
	regex.match(`^[1-9][0-9]{0,3}[smh]$`, text)
	each := {"s": 1000000000, "m": 60000000000, "h": clock.hour}
	last := count(text) - 1
	nanoseconds := to_number(substring(text, 0, last)) * each[substring(text, last, 1)]
	nanoseconds <= clock.hour
}

_after(entry, duration) := time.format([
	clock.nanoseconds(entry.time) + duration,
	"UTC",
	"2006-01-02T15:04:05Z07:00",
])

# METADATA
# title: State
# description: |
#   What a confirmation on this object is for: the spec as it is for an update and a change of scale, and for a deletion
#   what it does to the claims; "" in CI, where objects have no uid.
# scope: document
default state(_, _) := ""

state(marked, operation) := sprintf("%s/%d", [marked.metadata.uid, marked.metadata.generation]) if {
	operation != "delete"
	marked.metadata.generation
} else := sprintf("%s/%s", [marked.metadata.uid, when_deleted]) if {
	operation == "delete"
	when_deleted := marked.spec.persistentVolumeClaimRetentionPolicy.whenDeleted
} else := marked.metadata.uid
