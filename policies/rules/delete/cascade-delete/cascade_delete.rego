# METADATA
# title: Deleting a StatefulSet with running pods needs confirmation
# description: |
#   Deleting a StatefulSet deletes all its pods at once and in no order, unless the propagation policy is `Orphan`;
#   an absent policy means `Background`. Scaling to 0 first stops the pods one by one, the last first. The garbage
#   collector deletes the claims too where the set owns them, which
#   `persistentVolumeClaimRetentionPolicy.whenDeleted: Delete` arranges; that holds for a set with 0 replicas as
#   well, and for as long as the claims name the set as an owner, whatever the policy says by then. With the parameter
#   `recovery`, fresh snapshots of all claims that are deleted turn the denial into a warning.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#limitations
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     statefulsets: [DELETE]
#   reads:
#     - backups
#     - persistentvolumeclaims
#     - persistentvolumes
#     - volumesnapshotclasses
#     - volumesnapshotcontents
#     - volumesnapshots
#   params:
#     recovery:
#       type: object
#       default: {}
#       description: warn only, where every claim that is deleted has a ready snapshot
#       fields:
#         dependentDrivers:
#           type: array
#           description: CSI drivers whose snapshots are lost with their volume, so that they never count
#         snapshotWithin:
#           type: duration
#           description: how old a snapshot may be
#   fix: scale it to 0 first, so that the pods stop in order
#   since: v0.1.0
#   cel:
#     variables:
#       - {name: replicas, expression: "oldObject.spec.?replicas.orValue(1)"}
#       - {name: finalizers, expression: "oldObject.metadata.?finalizers.orValue([])"}
#       - name: implied
#         expression: >-
#           'orphan' in variables.finalizers ? 'Orphan' : 'foregroundDeletion' in variables.finalizers ? 'Foreground'
#           : 'Background'
#       - name: old
#         expression: >-
#           request.?options.?orphanDependents.hasValue() ? (request.options.orphanDependents ? 'Orphan' :
#           'Background') : variables.implied
#       - {name: propagation, expression: "request.?options.?propagationPolicy.orValue(variables.old)"}
#     validations:
#       - path: metadata.name
#         expression: >-
#           variables.propagation == 'Orphan' || variables.replicas > 0 ||
#           size(oldObject.spec.?volumeClaimTemplates.orValue([])) == 0 ||
#           oldObject.spec.?persistentVolumeClaimRetentionPolicy.?whenDeleted.orValue('Retain') != 'Delete'
#         what: >-
#           'deleting ' + oldObject.metadata.name + ' DELETES its claims and their data (whenDeleted: Delete)'
#         fix: delete it with --cascade=orphan, which keeps the claims
#       - path: metadata.name
#         expression: variables.propagation == 'Orphan' || variables.replicas <= 0
#         what: >-
#           'deleting ' + oldObject.metadata.name + ' (propagation ' + variables.propagation + ') stops all ' +
#           string(variables.replicas) + ' of its pods at once'
#     notChecked:
#       examples/fail/confirmation-expired.yaml: a policy knows no time
#       persistentvolumeclaims: a policy sees no other objects
package stateward.rules.delete["cascade-delete"]

import data.stateward.lib.cluster
import data.stateward.lib.defaults
import data.stateward.lib.listing
import data.stateward.lib.lost
import data.stateward.lib.recovery
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.at(_level(entry, names), rego.metadata.chain(), entry, object.union(
	{
		"path": ["metadata", "name"],
		"what": sprintf("deleting %q (propagation %s) stops %s; %s", [
			entry.name,
			review.propagation(entry),
			_pods(replicas),
			_claims(entry, names),
		]),
	},
	_way(entry.old, names),
)) if {
	some entry in review.deletions("StatefulSet")
	review.propagation(entry) != "Orphan"
	replicas := defaults.replicas(entry.old)
	replicas > 0
	names := lost.with_set(entry.old)
}

report contains result.at(_level(entry, names), rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("deleting %q (propagation %s): %s", [entry.name, review.propagation(entry), _claims(entry, names)]),
	"fix": "delete it with `--cascade=orphan`, which keeps the claims",
}) if {
	some entry in review.deletions("StatefulSet")
	review.propagation(entry) != "Orphan"
	defaults.replicas(entry.old) <= 0
	names := lost.with_set(entry.old)
	_takes_claims(entry.old, names)
}

_pods(replicas) := "its only pod" if {
	replicas == 1
} else := sprintf("all %v of its pods at once", [replicas])

# Scaling down deletes claims too where the policy says so.
_way(sts, names) := {"fix": concat(" ", [
	"first set persistentVolumeClaimRetentionPolicy.whenScaled to Retain,",
	"then scale it to 0, so that the pods stop in order, and delete it with `--cascade=orphan`, which keeps the claims",
])} if {
	_takes_claims(sts, names)
	defaults.when_scaled(sts) == "Delete"
} else := {"fix": concat(" ", [
	"scale it to 0, so that the pods stop in order, and delete it with `--cascade=orphan`,",
	"which keeps the claims",
])} if {
	_takes_claims(sts, names)
} else := {}

_takes_claims(_, names) if count(names) > 0

_takes_claims(sts, _) if {
	_has_templates(sts)
	defaults.when_deleted(sts) == "Delete"
}

_has_templates(sts) if not object.get(sts, ["spec", "volumeClaimTemplates"], null) in {null, []}

_claims(entry, names) := "it has no claims" if {
	not _has_templates(entry.old)
} else := sprintf("its claims and their data are DELETED with it (whenDeleted: Delete)%s", [_names(entry, names)]) if {
	defaults.when_deleted(entry.old) == "Delete"
} else := sprintf("these claims name it as their owner and are DELETED with it%s", [_names(entry, names)]) if {
	count(names) > 0
} else := "its claims stay (whenDeleted: Retain)"

_names(_, []) := ""

_names(entry, names) := sprintf(": %s%s", [
	listing.short(names),
	recovery.ways(entry, _stored(entry, names), false),
]) if {
	count(names) > 0
}

default _level(_, _) := "deny"

_level(entry, names) := "warn" if {
	count(names) > 0
	recovery.level(rego.metadata.chain(), entry, _stored(entry, names), false) == "warn"
}

_stored(entry, names) := [cluster.claim(entry.namespace, name) | some name in names]
