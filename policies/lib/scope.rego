# METADATA
# title: Scope
# description: |
#   What the Guardrails' selections and exceptions mean for a review. What cannot be known, as the labels of a namespace
#   in CI, leaves a review in scope and excepts nothing.
package stateward.lib.scope

import data.stateward.lib.clock
import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.identity
import data.stateward.lib.selector

# METADATA
# title: Outside
# description: True where the Guardrails select other objects, for all rules or for the one of these names.
# scope: document
default outside(_, _) := false

# Guardrails cannot leave themselves out.
outside(called, entry) if {
	entry.kind != "Guardrails"
	some match in config.matches(called)
	misses(match, entry)
}

# METADATA
# title: Left
# description: |
#   What selects the first review and not the second, the same object before and after a change: "" for the match of all
#   rules, otherwise the ids of the rules whose own match it is.
left(before, after) := {"" |
	some match in config.matches([])
	_loses(match, before, after)
} | {rule.id |
	some rule in config.matched_rules
	_loses(rule.match, before, after)
}

_loses(match, before, after) if {
	not misses(match, before)
	misses(match, after)
}

# METADATA
# title: Exception
# description: |
#   The exception that lets this review through the rule of these names: reason, owner and expires. It is `dated` where
#   the time is known, so that it can be told from one that has expired.
exception(called, entry) := [object.union(said, {"dated": entry.time != ""}) |
	some each in config.exceptions
	exempts(each, called, entry)
	said := {"reason": each.reason, "owner": each.owner, "expires": each.expires}
][0]

# METADATA
# title: Exempts
# description: True for an exception that lets this review through the rule of these names.
exempts(each, called, entry) if {
	_is_from(each, called)
	not _expired(each, entry)
	_fits(each.match, entry)
}

_is_from(exception, called) if {
	some name in called
	name in exception.rules
}

# METADATA
# title: Action
# description: The level that a rule of these names has for who acts here; undefined where nothing is set for them.
action(called, entry) := [level |
	some setting in config.settings(called)
	some name, level in setting.actions
	acts_as(name, entry.user)
][0]

# METADATA
# title: Channel
# description: |
#   Where warnings go that who acts here does not get: "event" for Events about the object, "audit" where they are
#   only recorded.
channel(entry) := config.advice.automation if {
	config.advice.automation in {"audit", "event"}
	acts_as("automation", entry.user)
}

# METADATA
# title: Class
# description: The class of the package identity, or "automation" for people whom the Guardrails count as that.
# scope: document
class(user) := "automation" if {
	identity.class(user) == "person"
	identity.is_one_of(user, _of_actors(config.automation))
} else := identity.class(user)

# METADATA
# title: Acts as
# description: True for a subject of the actor of this name; "automation" is the class.
# scope: document
acts_as("automation", user) if class(user) == "automation"

acts_as(name, user) if identity.is_one_of(user, _of_actors([name]))

_expired(each, entry) if {
	entry.time != ""
	clock.nanoseconds(each.expires) <= clock.nanoseconds(entry.time)
}

# METADATA
# title: Misses
# description: True for a match that does not select this review.
# scope: document
misses(match, entry) if {
	match.namespaces
	not named(match.namespaces, _namespace(entry))
}

misses(match, entry) if named(match.excludedNamespaces, _namespace(entry))

misses(match, entry) if {
	match.names
	not named(match.names, entry.name)
}

# As for the API server's own selectors of webhooks, the object before or after will do: nobody leaves by a label that
# the same request brings.
misses(match, entry) if _selects_none(match.labelSelector, _labels(entry))

misses(match, entry) if _selects_none(match.namespaceSelector, _namespace_labels(entry))

# Where nobody knows who acts, as in CI, the rules stay in force.
misses(match, entry) if {
	_selects_actors(match)
	identity.is_known(entry.user)
	not identity.is_one_of(entry.user, _subjects(match))
}

misses(match, entry) if {
	excluded := _of_actors(match.excludedActors)
	identity.is_one_of(entry.user, excluded)
}

misses(match, entry) if {
	match.ownedBy
	not _is_owned(entry, match.ownedBy)
}

_selects_actors(match) if match.subjects

_selects_actors(match) if match.actors

_subjects(match) := array.concat(object.get(match, "subjects", []), _of_actors(object.get(match, "actors", [])))

_of_actors(names) := [subject | some actor in config.actors; actor.name in names; some subject in actor.subjects]

# As stored: an owner that the request itself brings does not count.
_is_owned(entry, wanted) if {
	some owner in _stored(entry).metadata.ownerReferences
	owner.controller == true
	owner.kind in wanted.kinds
	split(owner.apiVersion, "/")[0] == wanted.group
}

_stored(entry) := cluster.statefulset(entry.namespace, entry.name) if {
	entry.kind == "Scale"
} else := entry.old if {
	is_object(entry.old)
} else := entry.object

_selects_none(wanted, sets) if {
	count(sets) > 0
	every labels in sets {
		not selector.matches(wanted, labels)
	}
}

# An exception must be certain: before and after.
_fits(match, entry) if {
	not misses(match, entry)
	_certain_actor(match, entry)
	_certain_labels(match, entry)
	_certain_namespace(match, entry)
}

# Without a selector nothing is looked up: a recorded request may not hold its namespace.
_certain_labels(match, _) if not match.labelSelector

_certain_labels(match, entry) if _certain(match.labelSelector, _labels(entry))

_certain_namespace(match, _) if not match.namespaceSelector

_certain_namespace(match, entry) if _certain(match.namespaceSelector, _namespace_labels(entry))

# Who acts must be known for an exception.
_certain_actor(match, _) if {
	not _selects_actors(match)
	not match.excludedActors
}

_certain_actor(_, entry) if identity.is_known(entry.user)

_certain(wanted, sets) if {
	count(sets) > 0
	every labels in sets {
		selector.matches(wanted, labels)
	}
}

# METADATA
# title: Named
# description: True for a name that one of the patterns matches.
named(patterns, name) if {
	some pattern in patterns
	glob.match(pattern, null, name)
}

_namespace(entry) := entry.name if {
	entry.kind == "Namespace"
} else := entry.namespace

# The labels before and after, where they are known; a Scale has none of its own.
_labels(entry) := [_labels_of(sts) |
	sts := cluster.statefulset(entry.namespace, entry.name)
] if {
	entry.kind == "Scale"
} else := [_labels_of(value) |
	some value in [entry.old, entry.object]
	is_object(value)
]

_namespace_labels(entry) := given if {
	given := entry.namespace_labels
} else := _labels(entry) if {
	entry.kind == "Namespace"
} else := [_labels_of(namespace) |
	namespace := cluster.namespace(entry.namespace)
]

_labels_of(value) := labels if {
	labels := object.get(value, ["metadata", "labels"], null)
	is_object(labels)
} else := {}
