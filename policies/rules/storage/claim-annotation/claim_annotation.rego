# METADATA
# title: Claim templates set storageClassName, not an annotation
# description: |
#   Before the field existed, claim templates named their storage class in annotations. Kubernetes has long ignored
#   `volume.alpha.kubernetes.io/storage-class`, so the claim gets the default class. It still reads
#   `volume.beta.kubernetes.io/storage-class`, which overrides the field. If the mutation claim-class-annotation is
#   active, it corrects new objects before this rule sees them.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#class-1
# custom:
#   severity: warn
#   on:
#     statefulsets: [CREATE]
#   fix: set spec.storageClassName in the template and remove the annotation
#   since: v0.1.0
#   cel:
#     variables:
#       - name: annotated
#         expression: >-
#           ['volume.alpha.kubernetes.io/storage-class', 'volume.beta.kubernetes.io/storage-class'].filter(annotation,
#           object.spec.?volumeClaimTemplates.orValue([]).exists(claim, annotation in
#           claim.metadata.?annotations.orValue({})))
#     validations:
#       - path: spec.volumeClaimTemplates
#         expression: size(variables.annotated) == 0
#         what: "variables.annotated.join(', ') + ' is ignored or deprecated'"
package stateward.rules.storage["claim-annotation"]

import data.stateward.lib.claim
import data.stateward.lib.result

report contains result.violation(rego.metadata.chain(), template.entry, {
	"path": _path(template, claim.alpha_annotation),
	"what": sprintf("%q is ignored: the claim requests %s", [name, _asked(template.claim)]),
}) if {
	some template in claim.new_templates
	name := template.claim.metadata.annotations[claim.alpha_annotation]
}

report contains result.violation(rego.metadata.chain(), template.entry, {
	"path": _path(template, claim.beta_annotation),
	"what": sprintf("is deprecated, and %q overrides spec.storageClassName", [name]),
}) if {
	some template in claim.new_templates
	name := template.claim.metadata.annotations[claim.beta_annotation]
}

_path(template, annotation) := array.concat(template.path, ["metadata", "annotations", annotation])

_asked(claimed) := sprintf("class %q", [claim.class(claimed)]) if {
	claim.class(claimed)
} else := "the default class"
