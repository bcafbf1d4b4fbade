package planner

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/stateward/stateward/policies/forecast"
)

// Resources are what a plan reads.
func Resources() []string {
	return []string{
		"statefulsets", "pods", "persistentvolumeclaims", "persistentvolumes", "controllerrevisions", "services", "storageclasses",
		"poddisruptionbudgets", "namespaces", "volumesnapshots", "volumesnapshotcontents", "backups",
	}
}

// Inventory are the objects that exist.
type Inventory struct {
	Version forecast.Version

	sets      []appsv1.StatefulSet
	pods      []corev1.Pod
	claims    []corev1.PersistentVolumeClaim
	volumes   []corev1.PersistentVolume
	revisions []appsv1.ControllerRevision
	services  []corev1.Service
	budgets   []policyv1.PodDisruptionBudget
	snapshots []volumeSnapshot
	contents  []volumeSnapshotContent
	// all are what rules look up.
	all  []unstructured.Unstructured
	note string
}

// NewInventory reads objects; those of other kinds are for rules only.
func NewInventory(objects []unstructured.Unstructured, version forecast.Version) (*Inventory, error) {
	inventory := &Inventory{Version: version, all: objects}
	for index := range objects {
		if err := inventory.add(&objects[index]); err != nil {
			return nil, fmt.Errorf("read %s %s/%s: %w", objects[index].GetKind(), objects[index].GetNamespace(), objects[index].GetName(), err)
		}
	}
	return inventory, nil
}

func (i *Inventory) add(object *unstructured.Unstructured) error {
	switch object.GetAPIVersion() + " " + object.GetKind() {
	case "apps/v1 StatefulSet":
		return appendTyped(&i.sets, object)
	case "apps/v1 ControllerRevision":
		return appendTyped(&i.revisions, object)
	case "v1 Pod":
		return appendTyped(&i.pods, object)
	case "v1 PersistentVolumeClaim":
		return appendTyped(&i.claims, object)
	case "v1 PersistentVolume":
		return appendTyped(&i.volumes, object)
	case "v1 Service":
		return appendTyped(&i.services, object)
	case "policy/v1 PodDisruptionBudget":
		return appendTyped(&i.budgets, object)
	case "snapshot.storage.k8s.io/v1 VolumeSnapshot":
		return appendTyped(&i.snapshots, object)
	case "snapshot.storage.k8s.io/v1 VolumeSnapshotContent":
		return appendTyped(&i.contents, object)
	default:
		return nil
	}
}

func appendTyped[T any](list *[]T, object *unstructured.Unstructured) error {
	var typed T
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &typed); err != nil {
		return err
	}
	*list = append(*list, typed)
	return nil
}

func (i *Inventory) set(namespace, name string) *appsv1.StatefulSet {
	for index := range i.sets {
		if set := &i.sets[index]; set.Namespace == namespace && set.Name == name {
			return set
		}
	}
	return nil
}

func (i *Inventory) volume(name string) *corev1.PersistentVolume {
	for index := range i.volumes {
		if volume := &i.volumes[index]; volume.Name == name {
			return volume
		}
	}
	return nil
}

// state is what a forecast of a StatefulSet starts from.
func (i *Inventory) state(set *appsv1.StatefulSet, isNew bool, now time.Time) (forecast.State, error) {
	gates, note := i.Version.Gates()
	i.note = note
	state, err := forecast.FromObjects(forecast.Objects{
		Set: set, Pods: i.pods, Claims: i.claims, Volumes: i.volumes, Revisions: i.revisions,
	}, gates, now)
	if err != nil {
		return state, err
	}
	if isNew {
		// What is left from an earlier StatefulSet is adopted; the set itself does not exist.
		state.Set = forecast.Set{}
		return state, nil
	}
	state.TrustStatus(forecast.StatusOf(set))
	return state, nil
}
