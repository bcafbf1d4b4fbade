# METADATA
# title: Deleting a namespace with state needs confirmation
# description: |
#   Deleting a namespace deletes everything in it, in no order, and cannot be stopped: StatefulSets, their pods, their
#   claims, and the disks whose volumes have the reclaim policy `Delete`. One wrong context in a terminal is enough.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
#   - ref: https://github.com/kubernetes/kubernetes/issues/10179
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     namespaces: [DELETE]
#   reads: [statefulsets, persistentvolumeclaims, persistentvolumes]
#   fix: delete its StatefulSets and claims first
#   since: v0.1.0
package stateward.rules.delete["namespace-delete"]

import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.lost
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("namespace %q holds %s", [entry.name, _inventory(sets, claims)]),
}) if {
	some entry in review.deletions("Namespace")
	sets := _running(entry.name)
	claims := lost.in_namespace(entry.name)
	count(sets) + count(claims) > 0
}

_running(namespace) := [sts.metadata.name |
	some sts in cluster.statefulsets(namespace)
	defaults.replicas(sts) > 0
]

_inventory(sets, claims) := concat(" and ", [part | some part in [_sets(sets), _data(claims)]; part != ""])

_sets(sets) := "" if {
	count(sets) == 0
} else := _some(count(sets), "running StatefulSet")

_data(claims) := "" if {
	count(claims) == 0
} else := sprintf("%s, %s", [_some(count(claims), "bound claim"), _disks(claims)])

_disks(claims) := sprintf("%d with a disk that is DELETED with it", [deleted]) if {
	deleted := count([claim | some claim in claims; cluster.reclaim_policy(claim) == "Delete"])
	deleted > 0
} else := "and what happens to the disks is unknown" if {
	some claim in claims
	cluster.reclaim_policy(claim) == ""
} else := "whose disks are kept"

_some(number, noun) := sprintf("1 %s", [noun]) if {
	number == 1
} else := sprintf("%d %ss", [number, noun])
