# METADATA
# title: Owners
# description: |
#   Whom an object belongs to. The garbage collector deletes an object once none of its owners exists any more, and
#   finds an owner by all of apiVersion, kind, name and uid. Source:
#   pkg/controller/garbagecollector/garbagecollector.go.
package stateward.lib.owners

# METADATA
# title: Gained
# description: The indexes of the owners that the object has after the request, and had not before.
gained(entry) := {index |
	some index, owner in entry.object.metadata.ownerReferences
	identity := _identity(owner)
	not identity in _before(entry)
}

# METADATA
# title: Live
# description: |
#   What the cluster says of the owner that a reference of an object in this namespace means: {"exists", "uid",
#   "owners"} or {"unread"}. An owner of a namespaced object is in its namespace, or in none. Undefined in CI.
live(namespace, reference) := data.cluster.owner[namespace][key] if {
	key := concat("/", [reference.apiVersion, reference.kind, reference.name])
}

# METADATA
# title: Missing
# description: |
#   True where the cluster says that the owner of this index does not exist: it has no such kind, none of this name, or
#   one with another uid.
# scope: document
missing(entry, index) if _known(entry, index).exists == false

missing(entry, index) if {
	known := _known(entry, index)
	known.exists == true
	known.uid != entry.object.metadata.ownerReferences[index].uid
}

# METADATA
# title: Existing
# description: True where the cluster says that the owner of this index exists.
existing(entry, index) if {
	known := _known(entry, index)
	known.exists == true
	known.uid == entry.object.metadata.ownerReferences[index].uid
}

# METADATA
# title: Unread
# description: Why the cluster could not look the owner of this index up; undefined where it could, and in CI.
# scope: document
unread(entry, index) := _known(entry, index).unread

# Elsewhere a volume counts as in the namespace of its claim.
_known(entry, index) := live(_namespace(entry), entry.object.metadata.ownerReferences[index])

_namespace(entry) := "" if {
	entry.kind in {"Namespace", "PersistentVolume"}
} else := entry.namespace

_before(entry) := {_identity(owner) | some owner in entry.old.metadata.ownerReferences}

_identity(owner) := {key: object.get(owner, key, "") | some key in ["apiVersion", "kind", "name", "uid"]}
