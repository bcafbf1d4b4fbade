# METADATA
# title: Claims
# description: The claims that a StatefulSet makes from its templates, and what they ask for.
package stateward.lib.claim

import data.stateward.lib.defaults
import data.stateward.lib.review

# METADATA
# title: Beta annotation
# description: The old name of spec.storageClassName, which Kubernetes still reads, and before the field.
beta_annotation := "volume.beta.kubernetes.io/storage-class"

# METADATA
# title: Alpha annotation
# description: Its first name, which Kubernetes has long ignored.
alpha_annotation := "volume.alpha.kubernetes.io/storage-class"

# METADATA
# title: New templates
# description: |
#   Every claim template of a StatefulSet that is yet to be made, each with its path. On an UPDATE the templates cannot
#   be changed, not even for the better.
new_templates := [{"entry": entry, "path": ["spec", "volumeClaimTemplates", index], "claim": claim} |
	some entry in review.statefulsets
	entry.operation in {"MANIFEST", "CREATE"}
	some index, claim in entry.object.spec.volumeClaimTemplates
]

# METADATA
# title: Correctable templates
# description: |
#   The new templates, and those that come with their old annotations on an UPDATE of a StatefulSet that was corrected
#   when it was made: a second `kubectl apply` of one manifest must not look like a change.
correctable_templates := array.concat(new_templates, [template |
	some entry in review.statefulsets
	entry.operation == "UPDATE"
	some index, claim in entry.object.spec.volumeClaimTemplates
	not _annotated(entry.old.spec.volumeClaimTemplates[index])
	template := {"entry": entry, "path": ["spec", "volumeClaimTemplates", index], "claim": claim}
])

# METADATA
# title: Class
# description: |
#   The storage class that a claim names, "" for volumes made by hand; undefined where the default class is meant.
#   Source: GetPersistentVolumeClaimClass in staging/src/k8s.io/component-helpers/storage/volume/helpers.go.
# scope: document
class(claim) := name if {
	name := claim.metadata.annotations[beta_annotation]
} else := name if {
	name := claim.spec.storageClassName
	name != null
}

# METADATA
# title: Corrected
# description: |
#   A claim as the mutation claim-class-annotation leaves it: the class in the field, no old annotation. One whose
#   annotation and field name different classes keeps its annotation.
corrected(claim) := json.remove(named, array.concat(
	[["metadata", "annotations", alpha_annotation]],
	[["metadata", "annotations", beta_annotation] | named.spec.storageClassName == class(claim)],
)) if {
	named := _named(claim)
}

# METADATA
# title: As stored
# description: A claim template of an UPDATE as it will be compared with the stored one.
# scope: document
as_stored(template, stored) := template if {
	_annotated(stored)
} else := corrected(template)

_annotated(template) if {
	some annotation in [alpha_annotation, beta_annotation]
	_ := template.metadata.annotations[annotation]
}

_named(claim) := object.union(claim, {"spec": {"storageClassName": class(claim)}}) if {
	object.get(claim, ["spec", "storageClassName"], null) == null
	class(claim)
} else := claim

# METADATA
# title: Class path
# description: Where a claim says its class.
# scope: document
class_path(claim) := ["metadata", "annotations", beta_annotation] if {
	claim.metadata.annotations[beta_annotation]
} else := ["spec", "storageClassName"]

# METADATA
# title: Ordinal
# description: |
#   The ordinal of the pod of a StatefulSet that finds its data through the claim of this name, as its controller gives
#   them; undefined for the name of another claim.
ordinal(sts, name) := to_number(suffix) if {
	some template in sts.spec.volumeClaimTemplates
	prefix := sprintf("%s-%s-", [template.metadata.name, sts.metadata.name])
	startswith(name, prefix)
	suffix := trim_prefix(name, prefix)
	regex.match(`^(0|[1-9]\d{0,9})$`, suffix)
}

# METADATA
# title: Of pods
# description: |
#   The pods of a StatefulSet from one replica index up to another, which is not among them, as {name, claims}: a claim
#   has the name that the controller gives it and its template. At most 32 pods, from the first.
of_pods(sts, first, beyond) := [{"name": pod, "claims": claims} |
	first < beyond
	some index in numbers.range(first, min([beyond, first + _most]) - 1)
	pod := sprintf("%s-%d", [sts.metadata.name, defaults.ordinals_start(sts) + index])
	claims := [{"name": sprintf("%s-%s", [template.metadata.name, pod]), "template": template} |
		some template in sts.spec.volumeClaimTemplates
	]
]

# Pods that are looked up, one by one, of a set that may have thousands.
_most := 32

# METADATA
# title: Is in range
# description: True for the ordinal of a pod that the StatefulSet has at its present scale.
is_in_range(sts, ordinal) if {
	start := defaults.ordinals_start(sts)
	ordinal >= start
	ordinal < start + defaults.replicas(sts)
}
