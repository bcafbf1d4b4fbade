# METADATA
# title: Stamps
# description: |
#   What Stateward writes beside the marks of a confirmation: who set them and for which state of the object. A user
#   cannot know the latter, and must not choose the former.
package stateward.lib.stamp

import data.stateward.lib.clock
import data.stateward.lib.identity
import data.stateward.lib.lost
import data.stateward.lib.metadata

# METADATA
# title: Name
# description: |
#   The value of `stateward.dev/confirmed-by` after a request: the user who confirms or changes what is confirmed,
#   otherwise the old value; "" if nothing is confirmed.
# scope: document
name(entry) := "" if {
	metadata.annotation(entry.object, metadata.confirm) == ""
} else := metadata.annotation(entry.old, metadata.confirmed_by) if {
	not renewed(entry)
} else := object.get(entry.user, "username", "")

# METADATA
# title: Bound
# description: |
#   The value of `stateward.dev/confirmed-object` after a request; "" if nothing is confirmed. It is "" too where a
#   service account confirms in passing.
# scope: document
bound(entry) := "" if {
	name(entry) == ""
} else := metadata.annotation(entry.old, metadata.confirmed_object) if {
	not renewed(entry)
} else := "" if {
	in_passing(entry)
} else := state({
	"group": entry.group,
	"kind": entry.kind,
	"operation": metadata.annotation(entry.object, metadata.confirm),
	"object": entry.old,
})

# METADATA
# title: Fits
# description: |
#   True for a value of `stateward.dev/confirmed-object` that a request may leave. Which claims go with the object is
#   left to the webhook that writes it: one may be made before the next webhook looks.
# scope: document
fits(written, entry) if written == bound(entry)

fits(written, entry) if {
	renewed(entry)
	metadata.annotation(entry.object, metadata.confirm) == "delete"
	bound(entry) != ""
	_without_claims(written) == _without_claims(bound(entry))
}

_without_claims(state) := regex.replace(state, `/\d+-[0-9a-f]{12}$`, "")

# METADATA
# title: In passing
# description: |
#   True where a service account sets the marks together with anything else: a chart or a sync that renders them would
#   confirm itself at each upgrade.
in_passing(entry) if {
	identity.is_service_account(object.get(entry.user, "username", ""))
	entry.operation == "UPDATE"
	_beside(entry.object) != _beside(entry.old)
}

# What a user may change of an object, without the metadata. Every mark of a confirmation begins as the first does.
_beside(marked) := [
	object.remove(marked, ["metadata", "status"]),
	[object.get(marked.metadata, key, none) |
		some key, none in {"labels": {}, "finalizers": [], "ownerReferences": []}
	],
	{key: value |
		some key, value in marked.metadata.annotations
		not startswith(key, metadata.confirm)
	},
]

# METADATA
# title: Renewed
# description: True for a request that changes what is confirmed, or until when.
# scope: document
renewed(entry) if metadata.confirmation(entry.object) != metadata.confirmation(entry.old)

renewed(entry) if promised(entry)

# METADATA
# title: Promised
# description: The end of a confirmation that a request sets by its duration.
promised(entry) := _end(entry, duration) if {
	text := metadata.annotation(entry.object, metadata.for_time)
	text != metadata.annotation(entry.old, metadata.for_time)
	metadata.annotation(entry.object, metadata.confirm) != ""
	duration := _duration(text)
}

# Of two who confirm in the same second, the second would leave what the first left, as if it confirmed nothing.
_end(entry, duration) := end if {
	end := _after(entry, duration)
	end != metadata.annotation(entry.old, metadata.until)
} else := _after(entry, duration - 1000000000)

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
#   What a confirmation on the object of a target is for: the spec as it is for an update and a change of scale, and for
#   a deletion what it does to the claims; "" in CI, where objects have no uid. The target has the group and the kind of
#   the object, the object as stored and the operation.
# scope: document
default state(_) := ""

state(target) := concat("/", array.concat([uid], _facts(target))) if {
	uid := target.object.metadata.uid
}

_facts(target) := [sprintf("%d", [generation]) |
	generation := target.object.metadata.generation
] if {
	target.operation != "delete"
} else := array.concat(
	[when_deleted | when_deleted := target.object.spec.persistentVolumeClaimRetentionPolicy.whenDeleted],
	[sprintf("%d-%s", [count(names), substring(crypto.sha256(concat(",", names)), 0, 12)]) |
		names := lost.claims(target)
		count(names) > 0
	],
)
