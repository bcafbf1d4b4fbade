# METADATA
# title: Confirmations
# description: |
#   A guarded operation is let through when its object (for a Scale: the StatefulSet), as stored, carries
#   `stateward.dev/confirm: <operation>` and `stateward.dev/confirm-until: <RFC 3339>`, in the future and at most
#   one hour away, and `stateward.dev/confirmed-by`, which Stateward writes when a user sets the others. Instead of
#   the time a user may set `stateward.dev/confirm-for: 10m`. `stateward.dev/confirm-rules` limits it to rules, and
#   `stateward.dev/confirmed-object`, which Stateward writes too, to the object as it is then: once its spec has
#   changed, an update or a change of scale is not confirmed any more. The clock is the review's time; where that is
#   unknown nothing is confirmed. Nor is anything in a plan: there the marks are text in a file, without an author.
package stateward.lib.confirmation

import data.stateward.lib.clock
import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.confirmations
import data.stateward.lib.identity
import data.stateward.lib.metadata
import data.stateward.lib.review
import data.stateward.lib.stamp

# METADATA
# title: Valid
# description: |
#   True if a user has confirmed this operation for a rule, and the confirmation is still valid. If the Guardrails
#   require four eyes, that user must not be the one who acts. A rule is an object: its id, the names that it has or
#   had, and data_loss, which is true if what it denies can lose data.
valid(entry, rule) if {
	not _has_no_annotations(entry)
	_counts(_target(entry), rule, entry)
	confirmations.by_another(metadata.annotation(_marked(entry), metadata.confirmed_by), entry)
}

# METADATA
# title: Covered
# description: |
#   The Confirmation that lets this request through a rule of these names: its name, who gave it, until when and why.
covered(entry, rules) := confirmations.record(covering) if {
	possible(entry)
	covering := confirmations.covering(_target(entry), rules, entry)
}

# Anyone who may write such an object could write the name of another into its annotations.
_has_no_annotations(entry) if {
	entry.kind in metadata.without_annotations
	review.is_kind(entry, entry.kind)
}

default _who_creates := "confirm it"

_who_creates := "a second person must run" if config.four_eyes

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
	_counts(_deletion(sts), {"names": ["cascade-delete"], "data_loss": true}, entry)
	confirmations.by_another(metadata.annotation(sts, metadata.confirmed_by), entry)
}

ends(sts, entry) if confirmations.covering(_deletion(sts), ["cascade-delete"], entry)

_deletion(sts) := {"group": "apps", "kind": "StatefulSet", "operation": "delete", "object": sts}

# METADATA
# title: In force
# description: |
#   True while the marks of a target's object confirm its operation, for whichever rule. The target has the group and
#   the kind of the object, the object as stored and the operation.
in_force(target, entry) if {
	_in_time(target, entry)
	metadata.annotation(target.object, metadata.confirmed_object) == stamp.state(target)
}

# METADATA
# title: Ahead
# description: True for the end of a confirmation that is more than an hour after the request.
ahead(until, entry) if {
	entry.time != ""
	clock.nanoseconds(until) - clock.nanoseconds(entry.time) > clock.hour
}

# METADATA
# title: Record
# description: |
#   Who confirmed, until when and why ("" if unknown), and unnamed, which is true where the marks name no rule.
record(entry) := object.union(
	{"unnamed": true | metadata.annotation(marked, metadata.rules) == ""},
	{
		"by": metadata.annotation(marked, metadata.confirmed_by),
		"until": metadata.annotation(marked, metadata.until),
		"reason": metadata.annotation(marked, metadata.reason),
	},
) if {
	marked := _marked(entry)
}

# METADATA
# title: Way
# description: |
#   What to do to confirm what this rule denies, ending with the command to paste. A plan is applied later, so the time
#   is left to the confirmation of the live object. What Helm installed is deleted together, and so confirmed together.
# scope: document
way(entry, rule) := sprintf("add an exception to the Guardrails, and confirm it when it is applied: %s", [
	_later(entry, rule),
]) if {
	entry.planned
} else := sprintf("%s: %s", [_who_creates, _later(entry, rule)]) if {
	_has_no_annotations(entry)
} else := sprintf("%s: stateward confirm release %s delete%s", [
	_who_must(entry, rule),
	release,
	_in_namespace(entry),
]) if {
	_operation(entry) == "delete"
	release := metadata.annotation(_marked(entry), "meta.helm.sh/release-name")
	release != ""
} else := sprintf("%s: %s", [_who_must(entry, rule), command(entry, rule)])

# METADATA
# title: Command
# description: |
#   What to paste to confirm for ten minutes. It is the same at any time, so that conditions, Events and alerts that
#   quote it repeat.
command(entry, rule) := sprintf(
	"kubectl annotate %s %s%s --overwrite --field-manager=stateward-confirm %s=%s %s %s=10m",
	[
		lower(_kind(entry)), entry.name, _in_namespace(entry),
		metadata.confirm, _operation(entry), for_rules([rule.id]), metadata.for_time,
	],
)

# METADATA
# title: For rules
# description: The part of a command that names rules.
for_rules(rules) := sprintf("%s=%s", [metadata.rules, concat(",", rules)])

# METADATA
# title: Later for rules
# description: The same of the command of a plan.
later_for_rules(rules) := sprintf("--rules %s", [concat(",", rules)])

_later(entry, rule) := sprintf("stateward confirm %s/%s %s%s %s", [
	lower(_kind(entry)),
	entry.name,
	_operation(entry),
	_in_namespace(entry),
	later_for_rules([rule.id]),
])

_counts(target, rule, entry) if {
	_in_time(target, entry)
	_is_for(target.object, rule)
	metadata.annotation(target.object, metadata.confirmed_object) == stamp.state(target)
}

_in_time(target, entry) if {
	not entry.planned
	entry.time != ""
	metadata.annotation(target.object, metadata.confirm) == target.operation
	_is_stamp(metadata.annotation(target.object, metadata.confirmed_by))
	clock.within_the_hour(metadata.annotation(target.object, metadata.until), entry.time)
}

_is_for(marked, rule) if {
	metadata.annotation(marked, metadata.rules) == ""
	not rule.data_loss
}

_is_for(marked, rule) if {
	some named in split(metadata.annotation(marked, metadata.rules), ",")
	trim_space(named) in rule.names
}

# A confirmation without a stamp was made where nobody looked. One by a controller came with a template: whoever wrote
# that is not known.
_is_stamp(username) if {
	username != ""
	not identity.is_controller({"username": username})
}

_is_of_a_service_account(entry) if {
	identity.is_service_account(metadata.annotation(_marked(entry), metadata.confirmed_by))
}

_who_must(entry, rule) := _another_must(entry, rule) if {
	config.four_eyes
} else := sprintf("confirm it again (%s)", [_stale(entry)]) if {
	_stale(entry)
} else := sprintf("confirm it too (%s)", [_limit(entry, rule)]) if {
	_limit(entry, rule)
} else := "confirm it"

_another_must(entry, rule) := "a second person must run (the confirmation of a service account does not count)" if {
	_counts(_target(entry), rule, entry)
	_is_of_a_service_account(entry)
} else := "a second person must run (your own confirmation does not count)" if {
	_counts(_target(entry), rule, entry)
} else := sprintf("a second person must run (%s)", [_stale(entry)]) if {
	_stale(entry)
} else := sprintf("a second person must run (%s)", [_limit(entry, rule)]) if {
	_limit(entry, rule)
} else := "a second person must run"

# Why a confirmation that is in time does not count for this rule.
_limit(entry, rule) := "the confirmation names no rules, and this rule is about loss of data" if {
	_is_other(entry, rule)
	metadata.annotation(_marked(entry), metadata.rules) == ""
} else := sprintf("%s is confirmed", [metadata.annotation(_marked(entry), metadata.rules)]) if {
	_is_other(entry, rule)
}

_is_other(entry, rule) if {
	_in_time(_target(entry), entry)
	not _is_for(_marked(entry), rule)
}

# What has changed since a confirmation that would count otherwise.
_stale(entry) := change if {
	target := _target(entry)
	_in_time(target, entry)
	before := metadata.annotation(target.object, metadata.confirmed_object)
	now := stamp.state(target)
	before != now
	change := _change(split(before, "/"), split(now, "/"))
}

_unbound := "it came with the object or with another change by a service account, which confirms nothing"

_change(before, now) := _unbound if {
	before == [""]
} else := "it was confirmed for an object of this name that is gone" if {
	before[0] != now[0]
} else := sprintf("it was confirmed for generation %s, which is now %s", [before[1], now[1]]) if {
	regex.match(`^[0-9]+$`, before[1])
	regex.match(`^[0-9]+$`, now[1])
} else := sprintf("it was confirmed for whenDeleted %s, which is now %s", [before[1], now[1]]) if {
	before[1] != now[1]
	{before[1], now[1]} == {"Delete", "Retain"}
} else := sprintf("it was confirmed for %s, which changed since", [_counted(now)]) if {
	_claims(before) == _claims(now)
	_claims(now) > 0
} else := sprintf("it was confirmed when %s would go with it, and now it is %d", [_counted(before), _claims(now)]) if {
	_claims(before) != _claims(now)
} else := "it was confirmed for another state of it"

_counted(parts) := "1 claim" if {
	_claims(parts) == 1
} else := sprintf("%d claims", [_claims(parts)])

# How many claims a deletion takes along.
_claims(parts) := to_number(split(part, "-")[0]) if {
	some part in parts
	regex.match(`^[0-9]+-[0-9a-f]{12}$`, part)
} else := 0

_in_namespace(entry) := "" if {
	entry.kind in {
		"CustomResourceDefinition", "Guardrails", "Namespace", "Node", "PersistentVolume", "PriorityClass", "StorageClass",
		"VolumeAttachment", "VolumeSnapshotContent",
	}
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
