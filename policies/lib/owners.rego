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

_before(entry) := {_identity(owner) | some owner in entry.old.metadata.ownerReferences}

_identity(owner) := {key: object.get(owner, key, "") | some key in ["apiVersion", "kind", "name", "uid"]}
