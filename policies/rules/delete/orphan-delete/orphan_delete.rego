# METADATA
# title: Orphaned pods are not recreated
# description: |
#   `--cascade=orphan` deletes the StatefulSet and keeps its pods. This is the way to change an immutable field:
#   delete the StatefulSet, then create it again with the same selector. Until then a pod that fails is not recreated.
#   If the new StatefulSet is created within seconds, the garbage collector may still delete the pods of the old one.
# related_resources:
#   - ref: https://kubernetes.io/docs/tasks/run-application/delete-stateful-set/
#   - ref: https://github.com/kubernetes/kubernetes/issues/131284
# custom:
#   severity: warn
#   on:
#     statefulsets: [DELETE]
#   fix: wait some seconds, then create it again with the same selector
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
#           'nothing recreates the ' + string(variables.replicas) + ' pods of ' + oldObject.metadata.name + ' after a
#           failure'
package stateward.rules.delete["orphan-delete"]

import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "name"],
	"what": sprintf("nothing recreates %s of %q after a failure", [_pods(replicas), entry.name]),
}) if {
	some entry in review.deletions("StatefulSet")
	review.propagation(entry) == "Orphan"
	replicas := defaults.replicas(entry.old)
	replicas > 0
}

_pods(replicas) := "the only pod" if {
	replicas == 1
} else := sprintf("the %v pods", [replicas])
