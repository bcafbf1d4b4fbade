# METADATA
# title: The inventory
# description: |
#   Everything a rule may look at besides the review: the other manifests, and `data.cluster`, which the webhook
#   answers from its caches and other callers provide as plain data:
#
#       cluster:
#         known: {services: true, statefulsets: true}
#         services: {NAMESPACE: {NAME: {...}}}
#         persistentvolumes: {NAME: {...}}
#
#   An inventory says what it knows: that an object is not there is evidence only where its resource is `known`. One
#   with many objects may have indexes, and says so: {known: {governed: true, mounting: true, selecting: true, ...}}.
#
#       mounting: {NAMESPACE: {CLAIM: {NAME: Pod}}}
#       owned: {GROUP: {KIND: {NAMESPACE/NAME: StatefulSet}}}
#       naming: {RESOURCE: {KIND/NAME: {NAMESPACE/NAME: {...}}}}, what names an object of the whole cluster
#       owner: {NAMESPACE: {APIVERSION/KIND/NAME: {exists: BOOLEAN, uid: UID, owners: [...]} or {unread: WHY}}}
#       governed: {NAMESPACE: {SERVICE: {NAME: StatefulSet}}}
#       selecting: {RESOURCE: {NAMESPACE: {LABELS: {NAME: {...}}}}}, what may select pods with these labels
#       labelled: {RESOURCE: {NAMESPACE: {LABELS: {NAME: {...}}}}}, whose pods have these labels
#       matching: {NAMESPACE: {SELECTOR: {NAMESPACE/NAME: StatefulSet}}}, as of now, of all namespaces where it is ""
#
#   LABELS are an object as JSON, a SELECTOR too. Naming, selecting and labelled may hold more: the caller compares.
# custom:
#   manifests: [services, statefulsets, deployments, poddisruptionbudgets]
package stateward.lib.cluster

import data.stateward.lib.pods
import data.stateward.lib.review
import data.stateward.lib.selector

# METADATA
# title: Known
# description: True where the absence of an object of this resource is evidence.
# scope: document
knows(resource) if data.cluster.known[resource] == true

# A set of manifests is taken to be whole for what people ship together: the annotation above lists it.
knows(resource) if {
	review.combined
	some link in rego.metadata.chain()
	resource in link.annotations.custom.manifests
}

# METADATA
# title: Service
# description: The Service of this name; undefined if it does not exist or is unknown.
# scope: document
service(namespace, name) := found if {
	found := _manifest("Service", namespace, name)
} else := data.cluster.services[namespace][name]

# METADATA
# title: The one headless Service
# description: |
#   The name of the only headless Service that selects pods with these labels; undefined where there is none, where
#   there are several, and if it is unknown.
only_headless_service(namespace, labels) := name if {
	knows("services")
	names := {service.metadata.name |
		some service in selecting("services", namespace, labels)
		_headless(service)
		selector.matches({"matchLabels": service.spec.selector}, labels)
	}
	count(names) == 1
	some name in names
}

_headless(service) if {
	service.spec.clusterIP == "None"
	object.get(service, ["spec", "type"], "") != "ExternalName"
	is_object(service.spec.selector)
	count(service.spec.selector) > 0
	object.get(service, ["metadata", "deletionTimestamp"], null) == null
}

# METADATA
# title: StatefulSet
# description: The StatefulSet of this name; undefined if it does not exist or is unknown.
# scope: document
statefulset(namespace, name) := found if {
	found := _manifest("StatefulSet", namespace, name)
} else := data.cluster.statefulsets[namespace][name]

# METADATA
# title: StatefulSets
# description: All StatefulSets of a namespace, as an array.
statefulsets(namespace) := array.concat(
	_manifests("StatefulSet", namespace),
	[sts | some sts in data.cluster.statefulsets[namespace]],
)

# METADATA
# title: Namespace
# description: The Namespace of this name; undefined if it does not exist or is unknown.
# scope: document
namespace(name) := found if {
	found := _unbound("Namespace", name)
} else := data.cluster.namespaces[name]

# METADATA
# title: Governed by
# description: The StatefulSets whose pods get their DNS names from this Service, as an array.
governed_by(namespace, service_name) := array.concat(
	[sts | some sts in _manifests("StatefulSet", namespace); sts.spec.serviceName == service_name],
	_governed(namespace, service_name),
)

_governed(namespace, service_name) := [sts |
	some sts in data.cluster.governed[namespace][service_name]
] if {
	data.cluster.known.governed == true
} else := [sts |
	some sts in data.cluster.statefulsets[namespace]
	sts.spec.serviceName == service_name
]

# METADATA
# title: Selecting
# description: |
#   The objects of a resource that may select pods with these labels, as an array: those that do, and maybe others.
selecting(resource, namespace, labels) := array.concat(
	_manifests(_kinds[resource], namespace),
	_selecting(resource, namespace, labels),
)

_selecting(resource, namespace, labels) := [found |
	some found in data.cluster.selecting[resource][namespace][json.marshal(labels)]
] if {
	data.cluster.known.selecting == true
} else := [found | some found in data.cluster[resource][namespace]]

# METADATA
# title: Labelled
# description: The workloads of a resource whose pods have these labels, or these pods, as an array, and maybe others.
labelled(resource, namespace, labels) := array.concat(
	_manifests(_kinds[resource], namespace),
	_labelled(resource, namespace, labels),
)

_labelled(resource, namespace, labels) := [found |
	some found in data.cluster.labelled[resource][namespace][json.marshal(labels)]
] if {
	data.cluster.known.labelled == true
} else := [found | some found in data.cluster[resource][namespace]]

# METADATA
# title: Overlapping
# description: |
#   The workloads of a resource whose pods have the labels that are wanted, or which may select pods with those that are
#   given, as an array, and maybe others.
overlapping(resource, namespace, wanted, given) := array.concat(
	labelled(resource, namespace, wanted),
	_selecting(resource, namespace, given),
) if {
	data.cluster.known.selecting == true
} else := labelled(resource, namespace, wanted)

_kinds := {
	"statefulsets": "StatefulSet",
	"deployments": "Deployment",
	"services": "Service",
	"poddisruptionbudgets": "PodDisruptionBudget",
	"pods": "Pod",
	"persistentvolumes": "PersistentVolume",
	"controllerrevisions": "ControllerRevision",
}

# METADATA
# title: Deployments
# description: All Deployments of a namespace, as an array.
deployments(namespace) := array.concat(
	_manifests("Deployment", namespace),
	[deployment | some deployment in data.cluster.deployments[namespace]],
)

# METADATA
# title: Budgets
# description: All PodDisruptionBudgets of a namespace, as an array.
budgets(namespace) := array.concat(
	_manifests("PodDisruptionBudget", namespace),
	[budget | some budget in data.cluster.poddisruptionbudgets[namespace]],
)

# METADATA
# title: Claims
# description: All PersistentVolumeClaims of a namespace, as an array.
claims(namespace) := array.concat(
	_manifests("PersistentVolumeClaim", namespace),
	[claim | some claim in data.cluster.persistentvolumeclaims[namespace]],
)

# METADATA
# title: Claim
# description: The PersistentVolumeClaim of this name; undefined if it does not exist or is unknown.
# scope: document
claim(namespace, name) := found if {
	found := _manifest("PersistentVolumeClaim", namespace, name)
} else := data.cluster.persistentvolumeclaims[namespace][name]

# METADATA
# title: Pod
# description: The Pod of this name; undefined if it does not exist or is unknown.
# scope: document
pod(namespace, name) := found if {
	found := _manifest("Pod", namespace, name)
} else := data.cluster.pods[namespace][name]

# METADATA
# title: StorageClass
# description: The StorageClass of this name; undefined if it does not exist or is unknown.
# scope: document
storage_class(name) := found if {
	found := _unbound("StorageClass", name)
} else := data.cluster.storageclasses[name]

# METADATA
# title: StorageClasses
# description: All StorageClasses, as an array. There are few of them.
storage_classes := array.concat(
	[entry.object | some entry in review.manifests; review.is_kind(entry, "StorageClass")],
	[class | some class in data.cluster.storageclasses],
)

# METADATA
# title: Default StorageClass
# description: |
#   The class of claims that name none; of several, the newest. Source: pkg/volume/util/storageclass.go.
# scope: document
default_storage_class := [class |
	some class in _defaults
	_made(class) == max([_made(other) | some other in _defaults])
][0]

_defaults := [class |
	some class in storage_classes
	some annotation in ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"]
	class.metadata.annotations[annotation] == "true"
]

_made(class) := object.get(class, ["metadata", "creationTimestamp"], "")

# METADATA
# title: Node
# description: The Node of this name; undefined if it does not exist or is unknown.
# scope: document
node(name) := found if {
	found := _unbound("Node", name)
} else := data.cluster.nodes[name]

# METADATA
# title: Reclaim policy
# description: |
#   What becomes of the disk behind a claim when the claim is deleted: "Delete", "Retain", or "" if it has
#   no volume or the volume is unknown.
# scope: document
reclaim_policy(claim) := policy if {
	policy := volume(claim.spec.volumeName).spec.persistentVolumeReclaimPolicy
} else := ""

# METADATA
# title: Volume
# description: The PersistentVolume of this name; undefined where there is none or it is not known.
# scope: document
volume(name) := found if {
	found := _unbound("PersistentVolume", name)
} else := data.cluster.persistentvolumes[name]

# METADATA
# title: Mounting
# description: The pods that use this claim and have not ended, as an array.
mounting(namespace, claim) := [pod |
	some pod in array.concat(_manifests("Pod", namespace), _mounting(namespace, claim))
	some volume in pod.spec.volumes
	volume.persistentVolumeClaim.claimName == claim
	not pods.has_ended(pod)
]

# METADATA
# title: Pods of a namespace
# description: All pods of a namespace, as an array.
pods_of(namespace) := array.concat(_manifests("Pod", namespace), [pod | some pod in data.cluster.pods[namespace]])

# METADATA
# title: Orphaned pods
# description: |
#   The pods of a namespace that have not ended and whose StatefulSet was deleted without them, as an array. The garbage
#   collector takes the owner from such pods.
orphans(namespace) := [pod |
	some pod in pods_of(namespace)
	pods.is_of_a_set(pod)
	object.get(pod, ["metadata", "ownerReferences"], []) == []
	not pod.metadata.deletionTimestamp
	not pods.has_ended(pod)
]

_mounting(namespace, claim) := [pod | some pod in data.cluster.mounting[namespace][claim]] if {
	data.cluster.known.mounting == true
} else := [pod | some pod in data.cluster.pods[namespace]]

# METADATA
# title: Naming
# description: |
#   The objects of a resource in all namespaces that name an object of the whole cluster, KIND/NAME, as an array, and
#   maybe others.
naming(resource, named) := array.concat(
	[entry.object | some entry in review.manifests; review.is_kind(entry, _kinds[resource])],
	_naming(resource, named),
)

_naming(resource, named) := [found | some found in data.cluster.naming[resource][named]] if {
	data.cluster.known.naming == true
} else := [found | some found in data.cluster[resource]] if {
	resource == "persistentvolumes"
} else := [found | some objects in data.cluster[resource]; some found in objects]

# METADATA
# title: Revisions
# description: The ControllerRevisions of a StatefulSet, as an array; empty where they are not known.
revisions(sts) := [revision |
	some revision in labelled("controllerrevisions", sts.metadata.namespace, selector.wanted(selector.own(sts)))
	some owner in revision.metadata.ownerReferences
	owner.uid == sts.metadata.uid
]

# METADATA
# title: Matching
# description: |
#   The stored StatefulSets of a namespace, or of all where it is "", whose own labels match a selector, as an array.
matching(namespace, wanted) := [sts |
	some sts in array.concat(_sets_of_manifests(namespace), _matching(namespace, wanted))
	selector.matches(wanted, object.get(sts, ["metadata", "labels"], {}))
]

_sets_of_manifests(namespace) := [entry.object |
	some entry in review.manifests
	review.is_kind(entry, "StatefulSet")
	namespace in {"", entry.namespace}
]

_matching(namespace, wanted) := [sts | some sts in data.cluster.matching[namespace][json.marshal(wanted)]] if {
	data.cluster.known.matching == true
} else := [sts | some sts in data.cluster.statefulsets[namespace]] if {
	namespace != ""
} else := [sts | some sets in data.cluster.statefulsets; some sts in sets]

_manifests(kind, namespace) := [entry.object |
	some entry in review.manifests
	review.is_kind(entry, kind)
	entry.namespace == namespace
]

_manifest(kind, namespace, name) := [entry.object |
	some entry in review.manifests
	review.is_kind(entry, kind)
	entry.namespace == namespace
	entry.name == name
][0]

# Objects of the whole cluster.
_unbound(kind, name) := [entry.object |
	some entry in review.manifests
	review.is_kind(entry, kind)
	entry.name == name
][0]
