# METADATA
# title: Replace storage class annotations with storageClassName
# description: |
#   Before `storageClassName` existed, claim templates named their class in annotations. Kubernetes still reads
#   `volume.beta.kubernetes.io/storage-class`, which this mutation moves to the field. Kubernetes has long ignored
#   `volume.alpha.kubernetes.io/storage-class`, which this mutation removes, because it looks as if it worked. The
#   templates cannot be changed later, so a second `kubectl apply` of the manifest is corrected in the same way.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#class
# custom:
#   on:
#     statefulsets: [CREATE, UPDATE]
#   changes:
#     statefulsets: [spec.volumeClaimTemplates]
#   fix: set spec.storageClassName
#   since: v0.1.0
package stateward.mutations["claim-class-annotation"]

import data.stateward.lib.claim
import data.stateward.lib.result

report contains result.mutation(rego.metadata.chain(), template.entry, {
	"path": array.concat(template.path, ["metadata", "annotations", claim.alpha_annotation]),
	"what": sprintf("Kubernetes ignores the alpha annotation %q; Stateward removes it", [class]),
	"patch": [_remove(template, claim.alpha_annotation)],
}) if {
	some template in claim.correctable_templates
	class := template.claim.metadata.annotations[claim.alpha_annotation]
}

report contains result.mutation(rego.metadata.chain(), template.entry, {
	"path": array.concat(template.path, ["metadata", "annotations", claim.beta_annotation]),
	"what": sprintf("is deprecated; Stateward moves %q to spec.storageClassName", [class]),
	"patch": [_remove(template, claim.beta_annotation), {"op": "add", "path": pointer, "value": class}],
}) if {
	some template in claim.correctable_templates
	object.get(template.claim, ["spec", "storageClassName"], null) == null
	class := template.claim.metadata.annotations[claim.beta_annotation]
	pointer := sprintf("%s/spec/storageClassName", [_pointer(template)])
}

# The annotation wins over the field, so a field that says the same is all that is needed.
report contains result.mutation(rego.metadata.chain(), template.entry, {
	"path": array.concat(template.path, ["metadata", "annotations", claim.beta_annotation]),
	"what": sprintf("is deprecated; Stateward removes it because spec.storageClassName is %q too", [class]),
	"patch": [_remove(template, claim.beta_annotation)],
}) if {
	some template in claim.correctable_templates
	class := template.claim.metadata.annotations[claim.beta_annotation]
	template.claim.spec.storageClassName == class
}

_remove(template, annotation) := {
	"op": "remove",
	"path": sprintf("%s/metadata/annotations/%s", [_pointer(template), replace(annotation, "/", "~1")]),
}

_pointer(template) := sprintf("/%s/%s/%d", template.path)
