# METADATA
# title: The review
# description: |
#   The request, in one form for every entry point: an AdmissionReview, a bare
#   manifest, a `kind: List`, conftest's `--combine` array or Gatekeeper's `input.review`.
#   Rules ask this package and never touch `input`.
package stateward.lib.review

import data.stateward.lib.exempt
import data.stateward.lib.metadata
import data.stateward.lib.shape

# METADATA
# title: Entries
# description: Everything under review, in the form of the package shape.
entries := shape.entries

# METADATA
# title: Completeness
# description: True when the input is a set of manifests, so that what is not in it can be called missing.
combined if shape.complete

# METADATA
# title: Manifests
# description: The objects of the input that no request is about; rules can look them up.
manifests := [entry | some entry in entries; entry.operation == "MANIFEST"]

# METADATA
# title: StatefulSets
# description: Every StatefulSet that is to be stored, as it would be after the request.
statefulsets := objects({"StatefulSet"})

# METADATA
# title: Services
# description: Every Service that is to be stored, as it would be after the request.
services := objects({"Service"})

# METADATA
# title: Objects
# description: Every object of these kinds that is to be stored, as it would be after the request.
objects(kinds) := [entry |
	some entry in _judged
	entry.kind in kinds
	is_kind(entry, entry.kind)
	_desired(entry)
]

# METADATA
# title: Stored objects
# description: |
#   Every object of these kinds as it would be stored, by any kind of request: who writes a status writes the metadata
#   with it, if they are in the request.
stored(kinds) := array.concat(objects(kinds), [entry |
	some entry in _judged
	entry.subresource in {"status", "finalize"}
	entry.operation == "UPDATE"
	entry.kind in kinds
	is_kind(entry, entry.kind)
	is_object(entry.object)
])

# METADATA
# title: Audited
# description: |
#   Every object of these kinds that is stored and only looked at. Rules that judge CREATE are asked about it too: for
#   them it is an object that is to be stored.
audited(kinds) := [entry | some entry in objects(kinds); entry.operation == "AUDIT"]

# METADATA
# title: Audited settings
# description: The same of a kind of Stateward's own, such as Guardrails.
audited_settings(kind) := [entry |
	some entry in _judged
	entry.operation == "AUDIT"
	entry.group == "stateward.dev"
	entry.kind == kind
	is_object(entry.object)
]

# METADATA
# title: Budgets
# description: Every PodDisruptionBudget that is to be stored, as it would be after the request.
budgets := [entry | some entry in _judged; is_kind(entry, "PodDisruptionBudget"); _desired(entry)]

# METADATA
# title: Scales
# description: |
#   Every write to `statefulsets/scale`. The object is an autoscaling/v1 Scale: it has no labels, and an absent
#   spec.replicas means 0.
scales := [entry | some entry in _judged; entry.kind == "Scale"; entry.resource == "statefulsets"]

# METADATA
# title: Evictions
# description: |
#   Every eviction of a pod. The object is an Eviction of the pod's name: it has no labels, and says in `deleteOptions`
#   how the pod is to be deleted.
evictions := [entry |
	some entry in _judged
	entry.kind == "Eviction"
	entry.resource == "pods"
	is_object(entry.object)
]

# METADATA
# title: Bindings
# description: Every binding of a pod to a node. The API server writes the metadata of the Binding into the pod.
bindings := [entry | some entry in _judged; entry.kind == "Binding"; is_object(entry.object)]

# METADATA
# title: Deletions
# description: Every deletion of an object of this kind, alone or as one item of a deletecollection.
deletions(kind) := [entry | some entry in _judged; entry.operation == "DELETE"; is_kind(entry, kind)]

# METADATA
# title: Parents
# description: |
#   Every request about an object of a kind that is none of the library's own: it may own StatefulSets, or define a kind
#   that does.
parents := [entry |
	some entry in _judged
	entry.operation in {"CREATE", "UPDATE", "DELETE"}
	entry.subresource in {"", "status"}
	not entry.kind in object.keys(_groups)
	not entry.kind in {"Scale", "Eviction", "Binding"}
]

# METADATA
# title: Marked
# description: Every object that is to be stored and may carry a confirmation.
marked := array.concat(stored(metadata.kinds), [entry |
	some entry in parents
	is_object(entry.object)
])

# METADATA
# title: Is of kind
# description: |
#   True for Kubernetes' own objects of a kind: others have a Service (Knative) and a StatefulSet (OpenKruise) too.
is_kind(entry, kind) if {
	entry.kind == kind
	entry.group == _groups[kind]
}

# METADATA
# title: Propagation policy
# description: |
#   What happens to the dependents of a deleted object. Absent means Background for the apps group, unless
#   the object's finalizers say otherwise. Source: staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go.
# scope: document
propagation(entry) := policy if {
	policy := entry.options.propagationPolicy
} else := "Orphan" if {
	entry.options.orphanDependents == true
} else := "Background" if {
	entry.options.orphanDependents == false
} else := "Orphan" if {
	"orphan" in entry.old.metadata.finalizers
} else := "Foreground" if {
	"foregroundDeletion" in entry.old.metadata.finalizers
} else := "Background"

_groups := {
	"StatefulSet": "apps",
	"Deployment": "apps",
	"Service": "",
	"PersistentVolumeClaim": "",
	"PersistentVolume": "",
	"Pod": "",
	"Namespace": "",
	"StorageClass": "storage.k8s.io",
	"PodDisruptionBudget": "policy",
	"Node": "",
	"ConfigMap": "",
	"PriorityClass": "scheduling.k8s.io",
	"Secret": "",
	"ServiceAccount": "",
	"VolumeAttachment": "storage.k8s.io",
	"VolumeSnapshot": "snapshot.storage.k8s.io",
	"VolumeSnapshotContent": "snapshot.storage.k8s.io",
	"VolumeSnapshotClass": "snapshot.storage.k8s.io",
	"ControllerRevision": "apps",
}

_judged := shape.judged

_judged := [entry | some entry in entries; not exempt.reason(entry)] if not shape.judged

_desired(entry) if {
	entry.operation in {"MANIFEST", "CREATE", "UPDATE", "AUDIT"}
	entry.subresource == ""
	is_object(entry.object)
}
