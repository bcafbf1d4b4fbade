# METADATA
# title: Lost claims
# description: The claims that a deletion takes with it, by name and in order.
package stateward.lib.lost

import data.stateward.lib.claim
import data.stateward.lib.cluster
import data.stateward.lib.defaults

# METADATA
# title: Claims
# description: |
#   The claims that go with the object of a target, which has the group and the kind of the object, and the object as
#   stored.
# scope: document
default claims(_) := []

claims(target) := with_set(target.object) if {
	target.kind == "StatefulSet"
	target.group == "apps"
}

claims(target) := sort([claim.metadata.name | some claim in in_namespace(target.object.metadata.name)]) if {
	target.kind == "Namespace"
	target.group == ""
}

# METADATA
# title: With a set
# description: |
#   The claims that the garbage collector deletes with a StatefulSet: those without another owner, whatever its policy
#   says now, and those that its controller is about to make it the owner of.
with_set(sts) := sort([stored.metadata.name |
	_has_templates(sts)
	some stored in cluster.claims(object.get(sts, ["metadata", "namespace"], "default"))
	_goes(stored, sts)
])

# METADATA
# title: In a namespace
# description: |
#   The claims that hold data there, as an array: they are bound, and controllers of StatefulSets end their names with
#   an ordinal, or pod templates of StatefulSets name them.
in_namespace(namespace) := [stored |
	named := {volume.persistentVolumeClaim.claimName |
		some sts in cluster.statefulsets(namespace)
		some volume in sts.spec.template.spec.volumes
	}
	some stored in cluster.claims(namespace)
	stored.status.phase == "Bound"
	_is_of_a_set(stored.metadata.name, named)
]

_is_of_a_set(name, _) if regex.match(`-\d+$`, name)

_is_of_a_set(name, named) if name in named

_has_templates(sts) if not object.get(sts, ["spec", "volumeClaimTemplates"], null) in {null, []}

_goes(stored, sts) if {
	count(stored.metadata.ownerReferences) > 0
	every owner in stored.metadata.ownerReferences {
		owner.uid == sts.metadata.uid
	}
}

_goes(stored, sts) if {
	defaults.when_deleted(sts) == "Delete"
	object.get(stored, ["metadata", "ownerReferences"], []) == []
	claim.is_in_range(sts, claim.ordinal(sts, stored.metadata.name))
}
