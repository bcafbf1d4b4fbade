# METADATA
# title: Claims
# description: The claims that a StatefulSet makes from its templates, and what they ask for.
package stateward.lib.claim

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
# title: Class path
# description: Where a claim says its class.
# scope: document
class_path(claim) := ["metadata", "annotations", beta_annotation] if {
	claim.metadata.annotations[beta_annotation]
} else := ["spec", "storageClassName"]
