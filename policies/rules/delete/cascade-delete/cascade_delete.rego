# METADATA
# title: Deleting a StatefulSet with running pods needs confirmation
# description: |
#   Deleting a StatefulSet deletes all its pods at once and in no order, unless the propagation policy is `Orphan`; an
#   absent policy means `Background`. Scaling to 0 first stops the pods one by one, the last one first.
#   `persistentVolumeClaimRetentionPolicy.whenDeleted` decides whether the claims are deleted too.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#limitations
# custom:
#   severity: deny
#   confirm: true
#   on:
#     statefulsets: [DELETE]
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
#         expression: variables.propagation == 'Orphan' || variables.replicas <= 0
#         what: >-
#           'deleting ' + oldObject.metadata.name + ' (propagation ' + variables.propagation + ') stops all ' +
#           string(variables.replicas) + ' of its pods at once'
#     unseen:
#       examples/fail/confirmation-expired.yaml: a policy cannot read the time
package stateward.rules.delete["cascade-delete"]

import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("deleting %q (propagation %s) stops %s; %s", [
		entry.name,
		review.propagation(entry),
		_pods(replicas),
		_claims(entry.old),
	]),
}) if {
	some entry in review.deletions("StatefulSet")
	review.propagation(entry) != "Orphan"
	replicas := defaults.replicas(entry.old)
	replicas > 0
}

_pods(replicas) := "its only pod" if {
	replicas == 1
} else := sprintf("all %v of its pods at once", [replicas])

_claims(sts) := "it has no claims" if {
	object.get(sts, ["spec", "volumeClaimTemplates"], null) in {null, []}
} else := "its claims and their data are DELETED with it (whenDeleted: Delete)" if {
	defaults.when_deleted(sts) == "Delete"
} else := "its claims stay (whenDeleted: Retain)"
