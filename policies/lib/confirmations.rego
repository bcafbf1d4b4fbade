# METADATA
# title: Confirmation objects
# description: |
#   A Confirmation (stateward.dev/v1alpha1) lets several objects through at once, for example all that a Helm release
#   deletes. It covers objects of its own namespace; those of the whole cluster are covered from stateward-system, and a
#   Namespace from inside. It counts until its time, at most an hour from the request, by the clock of the review.
package stateward.lib.confirmations

import data.stateward.lib.clock
import data.stateward.lib.config
import data.stateward.lib.identity
import data.stateward.lib.owned
import data.stateward.lib.selector

_system := "stateward-system"

# METADATA
# title: Covering
# description: |
#   A Confirmation in force that covers an operation on an object and one of these rules; undefined where there is none.
#   The target has the group and the kind of the object, the object as stored and the operation.
covering(target, rules, entry) := [confirmation |
	not entry.planned
	entry.time != ""
	some confirmation in data.cluster.confirmations[_home(target)]
	_in_force(confirmation.spec, entry)
	target.operation in confirmation.spec.operations
	_names_rule(confirmation.spec, rules)
	_names_object(confirmation.spec, target)
][0]

# METADATA
# title: Record
# description: Whose Confirmation it was, where it is, until when and why.
record(confirmation) := {
	"namespace": confirmation.metadata.namespace,
	"name": confirmation.metadata.name,
	"by": confirmation.spec.confirmedBy,
	"until": confirmation.spec.until,
	"reason": object.get(confirmation.spec, "reason", ""),
}

# METADATA
# title: By another
# description: |
#   True where the Guardrails let this user's confirmation count for the request: with four eyes it must be a person,
#   and not the one who acts. A person may hold the token of a service account.
# scope: document
by_another(_, _) if not config.four_eyes

by_another(confirmer, entry) if {
	not identity.is_service_account(confirmer)
	not object.get(entry.user, "username", "") in {"", confirmer}
}

_home(target) := target.object.metadata.name if {
	target.kind == "Namespace"
	target.group == ""
} else := target.object.metadata.namespace if {
	target.object.metadata.namespace
} else := _system

_in_force(spec, entry) if {
	clock.within_the_hour(spec.until, entry.time)
	_is_meant(spec)
	_may_use(spec, entry.user)
	by_another(spec.confirmedBy, entry)
}

# A chart or a sync that creates a Confirmation would confirm itself at each deployment, so automation has to name the
# subjects. Without confirmedBy, Stateward did not see the Confirmation.
_is_meant(spec) if {
	object.get(spec, "subjects", []) != []
	object.get(spec, "confirmedBy", "") != ""
}

_is_meant(spec) if identity.class({"username": object.get(spec, "confirmedBy", "")}) == "person"

_may_use(spec, _) if object.get(spec, "subjects", []) == []

_may_use(spec, user) if identity.is_one_of(user, spec.subjects)

_names_rule(spec, _) if object.get(spec, "rules", []) == []

_names_rule(spec, rules) if {
	some rule in rules
	rule in spec.rules
}

_names_object(spec, target) if {
	some named in spec.objects
	named.kind == target.kind
	group := object.get(named, "group", "")
	group == target.group
	named.name == target.object.metadata.name
	_is_as_confirmed(named, target.object.metadata)
}

_names_object(spec, target) if {
	selector.matches(spec.selector, object.get(target.object.metadata, "labels", {}))
}

_names_object(spec, target) if {
	target.object.metadata.annotations["meta.helm.sh/release-name"] == spec.helmRelease
}

_names_object(spec, target) if {
	some reference in target.object.metadata.ownerReferences
	owned.names(reference, spec.owner)
}

# What the owner owns goes with it, so it may go itself.
_names_object(spec, target) if {
	spec.owner.kind == target.kind
	spec.owner.group == target.group
	spec.owner.name == target.object.metadata.name
}

_is_as_confirmed(named, metadata) if {
	object.get(named, "uid", "") in {"", object.get(metadata, "uid", "")}
	object.get(named, "generation", 0) in {0, object.get(metadata, "generation", 0)}
}
