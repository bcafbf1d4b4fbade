# METADATA
# title: Orphaned pods have nobody to restart them
# description: |
#   With `--cascade=orphan` the StatefulSet goes and its pods stay. That is how a field that cannot be changed is
#   changed: delete, then create again with the same selector. Until then a pod that fails stays away; and if the
#   new set comes within seconds, the garbage collector may still delete the pods of the old one.
# related_resources:
#   - ref: https://kubernetes.io/docs/tasks/run-application/delete-stateful-set/
#   - ref: https://github.com/kubernetes/kubernetes/issues/131284
# custom:
#   severity: warn
#   on:
#     statefulsets: [DELETE]
#   fix: create it again with the same selector, but not within seconds
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
#         expression: variables.propagation != 'Orphan' || variables.replicas <= 0
#         what: >-
#           'nobody restarts the ' + string(variables.replicas) + ' pods of ' + oldObject.metadata.name + ' any more'
package stateward.rules.delete["orphan-delete"]

import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("nobody restarts %s of %q any more", [_pods(replicas), entry.name]),
}) if {
	some entry in review.deletions("StatefulSet")
	review.propagation(entry) == "Orphan"
	replicas := defaults.replicas(entry.old)
	replicas > 0
}

_pods(replicas) := "the only pod" if {
	replicas == 1
} else := sprintf("the %v pods", [replicas])
