# METADATA
# title: Storage class annotations become the field they meant
# description: |
#   Claim templates named their class in annotations before there was `storageClassName`. Kubernetes still reads
#   `volume.beta.kubernetes.io/storage-class`, which becomes the field; it has long ignored
#   `volume.alpha.kubernetes.io/storage-class`, which is dropped, since whoever wrote it believes that it works.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#class
# custom:
#   on:
#     statefulsets: [CREATE]
#   fix: name the class in spec.storageClassName
#   since: v0.1.0
package stateward.mutations["claim-class-annotation"]

import data.stateward.lib.result
import data.stateward.lib.review

_alpha := "volume.alpha.kubernetes.io/storage-class"

_beta := "volume.beta.kubernetes.io/storage-class"

report contains result.mutation(rego.metadata.chain(), template.entry, {
	"path": array.concat(template.path, ["metadata", "annotations", _alpha]),
	"what": sprintf("Kubernetes ignores the alpha annotation %q, Stateward drops it", [class]),
	"patch": [_remove(template, _alpha)],
}) if {
	some template in _templates
	class := template.annotations[_alpha]
}

report contains result.mutation(rego.metadata.chain(), template.entry, {
	"path": array.concat(template.path, ["metadata", "annotations", _beta]),
	"what": sprintf("deprecated, Stateward moves %q to spec.storageClassName", [class]),
	"patch": [_remove(template, _beta), {"op": "add", "path": pointer, "value": class}],
}) if {
	some template in _templates
	class := template.annotations[_beta]
	object.get(template.spec, "storageClassName", null) == null
	pointer := sprintf("%s/spec/storageClassName", [template.pointer])
}

# The annotation wins over the field, so a field that says the same is all that is needed.
report contains result.mutation(rego.metadata.chain(), template.entry, {
	"path": array.concat(template.path, ["metadata", "annotations", _beta]),
	"what": sprintf("deprecated, Stateward drops it: spec.storageClassName says %q as well", [class]),
	"patch": [_remove(template, _beta)],
}) if {
	some template in _templates
	class := template.annotations[_beta]
	template.spec.storageClassName == class
}

# On an UPDATE the templates cannot be changed, not even for the better.
_templates := [template |
	some entry in review.statefulsets
	entry.operation in {"MANIFEST", "CREATE"}
	some index, claim in entry.object.spec.volumeClaimTemplates
	template := {
		"entry": entry,
		"path": ["spec", "volumeClaimTemplates", index],
		"pointer": sprintf("/spec/volumeClaimTemplates/%d", [index]),
		"annotations": object.get(claim, ["metadata", "annotations"], {}),
		"spec": object.get(claim, "spec", {}),
	}
]

_remove(template, annotation) := {
	"op": "remove",
	"path": sprintf("%s/metadata/annotations/%s", [template.pointer, replace(annotation, "/", "~1")]),
}
