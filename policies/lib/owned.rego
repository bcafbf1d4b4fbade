# METADATA
# title: Owned
# description: What belongs to an object of any kind, by its own owner references.
package stateward.lib.owned

import data.stateward.lib.owners
import data.stateward.lib.review

# METADATA
# title: Names
# description: |
#   True for an owner reference to an object of this group and kind and, where the owner has one, of this name.
names(reference, owner) if {
	reference.kind == owner.kind
	reference.name == object.get(owner, "name", reference.name)
	group_of(reference.apiVersion) == owner.group
}

# METADATA
# title: Leads
# description: |
#   True where the object behind this reference is the owner, or belongs to it directly or through one more object.
# scope: document
leads(namespace, reference, owner) if {
	some link in array.concat([reference], _above(namespace, reference))
	names(link, owner)
} else if {
	some above in _above(namespace, reference)
	some higher in _above(namespace, above)
	names(higher, owner)
}

# METADATA
# title: Between
# description: The references of an object that lead to the owner, and those of the objects between them.
between(namespace, thing, owner) := {reference |
	some above in thing.metadata.ownerReferences
	some reference in array.concat([above], _above(namespace, above))
	leads(namespace, reference, owner)
}

# METADATA
# title: Unread
# description: Why the cluster could not say whose the object behind this reference is, as a set; empty where it could.
unread(namespace, reference) := {why |
	some above in array.concat([reference], _above(namespace, reference))
	why := owners.live(namespace, above).unread
}

_above(namespace, reference) := object.get(known, "owners", []) if {
	known := owners.live(namespace, reference)
	known.uid == reference.uid
} else := []

# METADATA
# title: Group
# description: The API group of an apiVersion, "" for that of the core.
# scope: document
group_of(version) := split(version, "/")[0] if contains(version, "/")

else := ""

# METADATA
# title: StatefulSets
# description: The StatefulSets of all namespaces with an owner of this group and kind, as an array.
statefulsets(group, kind) := [sts |
	some sts in array.concat(_reviewed, _known(group, kind))
	some reference in sts.metadata.ownerReferences
	reference.kind == kind
	group_of(reference.apiVersion) == group
]

# METADATA
# title: With owners
# description: The StatefulSets of all namespaces with an owner of any kind, as an array.
with_owners := [sts |
	some sts in array.concat(_reviewed, _known("*", "*"))
	count(object.get(sts, ["metadata", "ownerReferences"], [])) > 0
]

_reviewed := [entry.object | some entry in review.manifests; review.is_kind(entry, "StatefulSet")]

_known(group, kind) := [sts | some sts in data.cluster.owned[group][kind]] if {
	data.cluster.known.owned == true
} else := [sts | some sets in data.cluster.statefulsets; some sts in sets]
