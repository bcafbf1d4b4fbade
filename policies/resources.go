package policies

import (
	"iter"
	"strings"
)

const (
	// Group is the API group of Stateward's own kinds.
	Group = "stateward.dev"
	// Version is their version.
	Version = "v1alpha1"
	// Confirmations is the resource of the objects that confirm operations on others.
	Confirmations = "confirmations"

	snapshotGroup = "snapshot.storage.k8s.io"
)

// Resource is the API that a rule means by a name such as "services" or "statefulsets/scale".
type Resource struct {
	// Name is the plural, without the subresource.
	Name string
	// Subresource is what follows the slash, or empty.
	Subresource string
	Group       string
	Version     string
	// Kind of the parent's objects.
	Kind string
	// Namespaced is false for resources of the whole cluster.
	Namespaced bool
	// Few says that a cluster has so few of them that a rule may look at all.
	Few bool
	// Live says that it is looked up at the API server and never watched: there are many, and few requests need one.
	Live bool
	// Optional says that a cluster may lack the API, which comes with a CustomResourceDefinition. What cannot be read there is
	// not known, and fails no request.
	Optional bool
	// OnlyDeleted says that rules check its deletion, and nothing else of it. It is never looked up.
	OnlyDeleted bool
}

// LookupResource returns the API behind a resource that rules may name; known is false for all others.
func LookupResource(name string) (resource Resource, known bool) {
	parent, subresource, _ := strings.Cut(name, "/")
	for _, each := range resources() {
		if each.Name == parent {
			each.Subresource = subresource
			return each, true
		}
	}
	return Resource{}, false
}

// ResourceOfKind returns the resource whose objects have this group and kind, and are read; known is false where only their
// deletion is evaluated.
func ResourceOfKind(group, kind string) (resource Resource, known bool) {
	resource, known = DeletedKind(group, kind)
	if resource.OnlyDeleted {
		return Resource{}, false
	}
	return resource, known
}

// DeletedKind returns the resource whose objects have this group and kind, whatever is evaluated of it.
func DeletedKind(group, kind string) (resource Resource, known bool) {
	all := resources()
	for index := range all {
		if all[index].Kind == kind && all[index].Group == group {
			return all[index], true
		}
	}
	return Resource{}, false
}

// Resources lists everything that rules may check or read, and so all that Stateward may ever ask a cluster for.
func Resources() []Resource {
	all := resources()
	return all[:]
}

// KubernetesResources yields those that every cluster has and whose objects rules check or read. It allocates nothing: a
// check asks for them for each of its documents.
func KubernetesResources() iter.Seq[Resource] {
	return func(yield func(Resource) bool) {
		for _, each := range resources() {
			if each.Group != Group && !each.Optional && !each.OnlyDeleted && !yield(each) {
				return
			}
		}
	}
}

// resources is an array, so that to look one up allocates nothing.
func resources() [22]Resource {
	return [22]Resource{
		{Name: "statefulsets", Group: "apps", Version: "v1", Kind: "StatefulSet", Namespaced: true},
		{Name: "controllerrevisions", Group: "apps", Version: "v1", Kind: "ControllerRevision", Namespaced: true, Live: true},
		{Name: "deployments", Group: "apps", Version: "v1", Kind: "Deployment", Namespaced: true},
		{Name: "services", Version: "v1", Kind: "Service", Namespaced: true},
		{Name: "pods", Version: "v1", Kind: "Pod", Namespaced: true},
		{Name: "bindings", Version: "v1", Kind: "Binding", Namespaced: true, Live: true},
		{Name: "persistentvolumeclaims", Version: "v1", Kind: "PersistentVolumeClaim", Namespaced: true},
		{Name: "persistentvolumes", Version: "v1", Kind: "PersistentVolume"},
		{Name: "namespaces", Version: "v1", Kind: "Namespace"},
		{Name: "nodes", Version: "v1", Kind: "Node"},
		{Name: "storageclasses", Group: "storage.k8s.io", Version: "v1", Kind: "StorageClass", Few: true},
		// They are evaluated and never looked up.
		{Name: "volumeattachments", Group: "storage.k8s.io", Version: "v1", Kind: "VolumeAttachment", Live: true},
		{Name: "volumesnapshots", Group: snapshotGroup, Version: "v1", Kind: "VolumeSnapshot", Namespaced: true, Live: true, Optional: true},
		{Name: "volumesnapshotcontents", Group: snapshotGroup, Version: "v1", Kind: "VolumeSnapshotContent", Few: true, Live: true, Optional: true},
		{Name: "volumesnapshotclasses", Group: snapshotGroup, Version: "v1", Kind: "VolumeSnapshotClass", Few: true, Live: true, Optional: true},
		// Those of Velero.
		{Name: "backups", Group: "velero.io", Version: "v1", Kind: "Backup", Namespaced: true, Live: true, Optional: true},
		{Name: "poddisruptionbudgets", Group: "policy", Version: "v1", Kind: "PodDisruptionBudget", Namespaced: true},
		{Name: "configmaps", Version: "v1", Kind: "ConfigMap", Namespaced: true, Live: true, OnlyDeleted: true},
		{Name: "secrets", Version: "v1", Kind: "Secret", Namespaced: true, Live: true, OnlyDeleted: true},
		{Name: "serviceaccounts", Version: "v1", Kind: "ServiceAccount", Namespaced: true, Live: true, OnlyDeleted: true},
		{Name: "priorityclasses", Group: "scheduling.k8s.io", Version: "v1", Kind: "PriorityClass", Live: true, OnlyDeleted: true},
		{Name: Confirmations, Group: Group, Version: Version, Kind: "Confirmation", Namespaced: true, Live: true},
	}
}

// GroupOf returns the group of an apiVersion: "apps" of "apps/v1", and none of "v1".
func GroupOf(apiVersion string) string {
	group, _, grouped := strings.Cut(apiVersion, "/")
	if !grouped {
		return ""
	}
	return group
}
