# METADATA
# title: Deleting the owner of a StatefulSet needs confirmation
# description: |
#   An operator makes a StatefulSet for a custom resource, such as a RabbitmqCluster, and names it as the owner. When
#   the custom resource is deleted, the garbage collector deletes the set with its pods, and every claim that names
#   either as an owner. The same applies where up to two objects of other kinds are between the two. Deleting the
#   CustomResourceDefinition deletes all its custom resources; what is behind other objects is looked up then for up to
#   20 StatefulSets. Sets of an operator that writes no owner are found by a label that holds the name of the custom
#   resource. An API server asks about the kinds that the registration lists; `spec.parents` of the Guardrails adds to
#   them, with `stateward rules registration --config`.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/architecture/garbage-collection/#owners-dependents
#   - ref: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     parents: [DELETE]
#   reads: [statefulsets, persistentvolumeclaims]
#   params:
#     labels:
#       type: object
#       default: {acid.zalan.do/postgresql: [cluster-name]}
#       description: "Labels that hold the name of the owner, by its GROUP/KIND, where a set has no ownerReferences"
#   fix: check that its data may go, and take a backup if it may not
#   since: v0.1.0
package stateward.rules.delete["owner-delete"]

import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.defaults
import data.stateward.lib.listing
import data.stateward.lib.owned
import data.stateward.lib.quantity
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), deletion.entry, {
	"path": ["metadata", "name"],
	"what": sprintf("%s %s: deleting it %s", [deletion.of, _listed(sets), _losses(pods, claims, deletion.rest)]),
}) if {
	some deletion in array.concat(_resources, _definitions)
	sets := deletion.sets
	pods := sum([defaults.replicas(sts) | some sts in sets])
	claims := _lost(deletion)
	pods + count(claims) > 0
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("whether StatefulSet %q goes with it is not known: %s", [sts.metadata.name, why]),
	"fix": "compare the owners of that StatefulSet, and add what `stateward owners --rbac` prints",
}) if {
	some entry in _deleted_resources
	owner := _owner(entry)
	some sts in _of_others(entry, owner)
	not _leads(sts, owner)
	some why in _unread(sts)
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("whether %s goes with it is not known: %s", [_listed(sets), why]),
	"fix": "compare the owners of what is named here, and add what `stateward owners --rbac` prints",
}) if {
	some entry in _deleted_definitions
	others := _others(_defined(entry))
	count(others) <= _most
	some why in {why | some sts in others; some why in _unread(sts)}
	sets := [sts | some sts in others; why in _unread(sts); not _leads(sts, _defined(entry))]
	count(sets) > 0
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("whether StatefulSets with other owners go with it is not known: %d are too many to look up", [
		count(others),
	]),
	"fix": "see with `stateward owners` which kinds own StatefulSets",
}) if {
	some entry in _deleted_definitions
	others := _others(_defined(entry))
	count(others) > _most
}

_resources := [deletion |
	some entry in _deleted_resources
	owner := _owner(entry)
	owned_sets := array.concat(_owned(entry, owner), _through(entry, owner))
	labelled := _labelled(entry)
	sets := array.concat(owned_sets, labelled)
	count(sets) > 0
	deletion := {
		"entry": entry,
		"of": sprintf("%s %q owns", [entry.kind, entry.name]),
		"owners": ({owner} | _between(owned_sets, owner)),
		"sets": sets,
		"rest": _rest(labelled),
	}
]

_deleted_resources := [entry |
	some entry in review.parents
	entry.operation == "DELETE"
	entry.kind != "CustomResourceDefinition"
	review.propagation(entry) != "Orphan"
]

_owner(entry) := {"group": entry.group, "kind": entry.kind, "name": entry.name}

_owned(entry, owner) := [sts |
	some sts in owned.statefulsets(entry.group, entry.kind)
	_namespace(sts) == entry.namespace
	_is_owned(sts, owner)
]

# An operator may make a custom resource of another kind in between, which owns the set.
_through(entry, owner) := [sts |
	some sts in _of_others(entry, owner)
	_leads(sts, owner)
]

_of_others(entry, owner) := [sts |
	some sts in cluster.statefulsets(entry.namespace)
	count(object.get(sts, ["metadata", "ownerReferences"], [])) > 0
	not _is_owned(sts, owner)
]

_leads(sts, owner) if {
	some reference in sts.metadata.ownerReferences
	owned.leads(_namespace(sts), reference, owner)
}

_between(sets, owner) := {between |
	some sts in sets
	some reference in owned.between(_namespace(sts), sts, owner)
	between := {"group": owned.group_of(reference.apiVersion), "kind": reference.kind, "name": reference.name}
}

# What an operator without owner references deletes, only its own code says.
_rest([]) := "claims stay"

_rest(labelled) := "its operator decides what becomes of claims" if count(labelled) > 0

_labelled(entry) := [sts |
	labels := config.param(rego.metadata.chain(), "labels")
	some label in array.concat(
		object.get(labels, sprintf("%s/%s", [entry.group, entry.kind]), []),
		[parent.label | some parent in config.parents; parent.group == entry.group; parent.kind == entry.kind],
	)
	some sts in cluster.statefulsets(entry.namespace)
	sts.metadata.labels[label] == entry.name
]

# The custom resources go first, and take what they own along.
_definitions := [deletion |
	some entry in _deleted_definitions
	owner := _defined(entry)
	sets := array.concat(owned.statefulsets(owner.group, owner.kind), _behind(owner))
	count(sets) > 0
	deletion := {
		"entry": entry,
		"of": sprintf("the objects of kind %s own", [owner.kind]),
		"owners": (_of_kind(sets, owner) | _between(sets, owner)),
		"sets": sets,
		"rest": "claims stay",
	}
]

_deleted_definitions := [entry |
	some entry in review.parents
	entry.operation == "DELETE"
	entry.kind == "CustomResourceDefinition"
]

# An owner of this kind and of any name.
_defined(entry) := {"group": entry.old.spec.group, "kind": entry.old.spec.names.kind}

_of_kind(sets, owner) := {{"group": owner.group, "kind": owner.kind, "name": reference.name} |
	some sts in sets
	some reference in sts.metadata.ownerReferences
}

# Each of these has its owners looked up at the API server.
_most := 20

# The sets of other owners, as long as these are so few that they can be looked up.
_behind(owner) := [sts |
	others := _others(owner)
	count(others) <= _most
	some sts in others
	_leads(sts, owner)
]

_others(owner) := [sts | some sts in owned.with_owners; not _is_owned(sts, owner)]

_unread(sts) := {why |
	some reference in sts.metadata.ownerReferences
	some why in owned.unread(_namespace(sts), reference)
}

_is_owned(thing, owner) if {
	some reference in thing.metadata.ownerReferences
	owned.names(reference, owner)
}

_namespace(sts) := object.get(sts, ["metadata", "namespace"], "default")

# The claims that the garbage collector deletes: those whose owners are the parent and its sets alone, as they are where
# whenDeleted is Delete.
_lost(deletion) := [claim |
	some namespace in {_namespace(sts) | some sts in deletion.sets}
	some claim in cluster.claims(namespace)
	_goes(claim, deletion)
]

# An owner that stays keeps the claim.
_goes(claim, deletion) if {
	count(claim.metadata.ownerReferences) > 0
	every reference in claim.metadata.ownerReferences {
		_owner_goes(reference, deletion)
	}
}

_owner_goes(reference, deletion) if {
	some owner in deletion.owners
	owned.names(reference, owner)
}

_owner_goes(reference, deletion) if {
	some sts in deletion.sets
	reference.uid == sts.metadata.uid
}

_listed(sets) := sprintf("StatefulSet %s", [names]) if {
	count(sets) == 1
	names := listing.short([sts.metadata.name | some sts in sets])
} else := sprintf("%d StatefulSets (%s)", [count(sets), listing.short([sts.metadata.name | some sts in sets])])

_losses(pods, [], rest) := sprintf("stops %s; %s", [_counted(pods, "pod"), rest])

_losses(pods, claims, _) := sprintf("stops %s and DELETES %s with %s of data: %s", [
	_counted(pods, "pod"),
	_counted(count(claims), "claim"),
	quantity.text(sum([_size(claim) | some claim in claims])),
	listing.short([claim.metadata.name | some claim in claims]),
]) if {
	count(claims) > 0
}

_size(claim) := quantity.bytes(object.get(claim, ["spec", "resources", "requests", "storage"], "0"))

_counted(1, thing) := sprintf("1 %s", [thing])

_counted(number, thing) := sprintf("%d %ss", [number, thing]) if number != 1
