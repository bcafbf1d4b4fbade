# METADATA
# title: Automatic claim deletion needs confirmation
# description: |
#   `persistentVolumeClaimRetentionPolicy` affects existing claims too. Changing it from Retain to Delete makes the
#   StatefulSet the owner of its claims (`whenDeleted`), or each pod that a scale-down removes the owner of its own
#   (`whenScaled`). From then on the data is deleted with its owner, without another question. An absent policy means
#   Retain.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention
# custom:
#   severity: deny
#   confirm: true
#   dataLoss: true
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: keep Retain, and delete claims by hand when their data is not needed
#   since: v0.1.0
#   cel:
#     on:
#       statefulsets: [UPDATE]
#     variables:
#       - {name: claims, expression: "size(object.spec.?volumeClaimTemplates.orValue([])) > 0"}
#       - {name: policy, expression: "object.spec.?persistentVolumeClaimRetentionPolicy.orValue({})"}
#       - {name: before, expression: "oldObject.spec.?persistentVolumeClaimRetentionPolicy.orValue({})"}
#     validations:
#       - path: spec.persistentVolumeClaimRetentionPolicy.whenDeleted
#         expression: >-
#           !variables.claims || variables.policy.?whenDeleted.orValue('Retain') != 'Delete' ||
#           variables.before.?whenDeleted.orValue('Retain') == 'Delete'
#         what: "'existing claims would be deleted with the StatefulSet'"
#       - path: spec.persistentVolumeClaimRetentionPolicy.whenScaled
#         expression: >-
#           !variables.claims || variables.policy.?whenScaled.orValue('Retain') != 'Delete' ||
#           variables.before.?whenScaled.orValue('Retain') == 'Delete'
#         what: "'existing claims would be deleted with a scale-down'"
package stateward.rules.storage["retention-policy"]

import data.stateward.lib.defaults
import data.stateward.lib.result
import data.stateward.lib.review

_path := ["spec", "persistentVolumeClaimRetentionPolicy"]

report contains result.violation(rego.metadata.chain(), entry, {
	"path": array.concat(_path, [field]),
	"what": sprintf("existing claims would be deleted with %s", [_occasion(field)]),
}) if {
	some entry in _with_claims
	is_object(entry.old)
	some field, policy in _policies(entry.object)
	policy == "Delete"
	_policies(entry.old)[field] != "Delete"
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": array.concat(_path, [field]),
	"what": sprintf("the claims will be deleted with %s", [_occasion(field)]),
}) if {
	some entry in _with_claims
	not is_object(entry.old)
	some field, policy in _policies(entry.object)
	policy == "Delete"
}

report contains result.advice(rego.metadata.chain(), entry, {
	"path": _path,
	"what": sprintf("Kubernetes refuses %s", [json.marshal(policy)]),
	"fix": "set whenDeleted and whenScaled to Delete or Retain",
}) if {
	some entry in _with_claims
	policy := object.get(entry.object, _path, null)
	_unknown(policy)
}

_with_claims := [entry |
	some entry in review.statefulsets
	not object.get(entry.object, ["spec", "volumeClaimTemplates"], null) in {null, []}
]

_policies(sts) := {"whenDeleted": defaults.when_deleted(sts), "whenScaled": defaults.when_scaled(sts)}

_occasion("whenDeleted") := "the StatefulSet"

_occasion("whenScaled") := "a scale-down"

_unknown(policy) if not type_name(policy) in {"null", "object"}

_unknown(policy) if {
	is_object(policy)
	some field in ["whenDeleted", "whenScaled"]
	not object.get(policy, field, null) in {null, "", "Delete", "Retain"}
}
