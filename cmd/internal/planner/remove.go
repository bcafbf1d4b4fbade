package planner

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stateward/stateward/policies/forecast"
)

// ownerOf finds the StatefulSet that a claim belongs to by its name.
func (i *Inventory) ownerOf(claim *corev1.PersistentVolumeClaim) *appsv1.StatefulSet {
	for index := range i.sets {
		set := &i.sets[index]
		if set.Namespace != claim.Namespace {
			continue
		}
		if read, err := forecast.FromSet(set); err == nil && read.HasClaim(claim.Name) {
			return set
		}
	}
	return nil
}

func (i *Inventory) claim(namespace, name string) *corev1.PersistentVolumeClaim {
	for index := range i.claims {
		if claim := &i.claims[index]; claim.Namespace == namespace && claim.Name == name {
			return claim
		}
	}
	return nil
}

func (i *Inventory) deleteClaim(name, namespace string) ([]change, error) {
	claim := i.claim(namespace, name)
	if claim == nil {
		return nil, fmt.Errorf("--delete: namespace %[2]s has no PersistentVolumeClaim %[1]s", name, namespace)
	}
	set := i.ownerOf(claim)
	if set == nil {
		return nil, fmt.Errorf("--delete: PersistentVolumeClaim %s belongs to no StatefulSet of namespace %s: this is not modelled", name, namespace)
	}
	return []change{{
		object: "PersistentVolumeClaim " + namespace + "/" + name, set: set, forecast: forecast.Change{Action: forecast.DeleteClaim, Name: name},
		resource: "persistentvolumeclaims", operation: "DELETE", namespace: namespace, name: name, before: claim,
	}}, nil
}

func (i *Inventory) deleteVolume(name string) ([]change, error) {
	for index := range i.claims {
		claim := &i.claims[index]
		set := i.ownerOf(claim)
		if claim.Spec.VolumeName != name || set == nil {
			continue
		}
		c := change{
			object: "PersistentVolume " + name, set: set, forecast: forecast.Change{Action: forecast.DeleteVolume, Name: name},
			resource: "persistentvolumes", operation: "DELETE", name: name,
		}
		if volume := i.volume(name); volume != nil {
			c.before = volume
		}
		return []change{c}, nil
	}
	return nil, fmt.Errorf("--delete: PersistentVolume %s is bound to no claim of a StatefulSet: this is not modelled", name)
}

func (i *Inventory) deleteService(name, namespace string) (changes []change, err error) {
	for index := range i.services {
		service := &i.services[index]
		if service.Namespace != namespace || service.Name != name {
			continue
		}
		for index := range i.sets {
			if set := &i.sets[index]; set.Namespace == namespace && set.Spec.ServiceName == name {
				changes = append(changes, change{
					object: "Service " + namespace + "/" + name, set: set, forecast: forecast.Change{Action: forecast.DeleteService, Name: name},
					resource: "services", operation: "DELETE", namespace: namespace, name: name, before: service,
				})
			}
		}
		if len(changes) == 0 {
			return nil, fmt.Errorf("--delete: Service %s governs no StatefulSet of namespace %s: this is not modelled", name, namespace)
		}
		return changes, nil
	}
	return nil, fmt.Errorf("--delete: namespace %[2]s has no Service %[1]s", name, namespace)
}

func (i *Inventory) deletePod(name, namespace string) ([]change, error) {
	for index := range i.sets {
		set := &i.sets[index]
		read, err := forecast.FromSet(set)
		if err != nil {
			return nil, err
		}
		for index := range i.pods {
			pod := &i.pods[index]
			if pod.Namespace == namespace && set.Namespace == namespace && pod.Name == name && read.HasPod(name) {
				return []change{{
					object: "Pod " + namespace + "/" + name, set: set, forecast: forecast.Change{Action: forecast.DeletePod, Name: name},
					resource: "pods", operation: "DELETE", namespace: namespace, name: name, before: pod,
				}}, nil
			}
		}
	}
	return nil, fmt.Errorf("--delete: namespace %[2]s has no Pod %[1]s of a StatefulSet", name, namespace)
}

// deleteNamespace plans the end of all StatefulSets of a namespace, and of its other claims.
func (i *Inventory) deleteNamespace(name string) (changes []change, err error) {
	for index := range i.sets {
		if set := &i.sets[index]; set.Namespace == name {
			changes = append(changes, change{
				object: "StatefulSet " + name + "/" + set.Name, set: set, forecast: forecast.Change{Action: forecast.DeleteNamespace, Name: name},
			})
		}
	}
	rest := change{
		object: "Namespace " + name, forecast: forecast.Change{Action: forecast.DeleteNamespace, Name: name}, volumes: i.volumes,
		resource: "namespaces", operation: "DELETE", name: name, namespace: name,
		before: &corev1.Namespace{},
	}
	for index := range i.claims {
		if claim := &i.claims[index]; claim.Namespace == name && i.ownerOf(claim) == nil {
			rest.claims = append(rest.claims, *claim)
		}
	}
	if len(changes) == 0 && len(rest.claims) == 0 {
		return nil, fmt.Errorf("--delete: namespace %s has no StatefulSet and no claim, as far as the inventory shows", name)
	}
	for index := range i.all {
		if object := &i.all[index]; object.GetKind() == "Namespace" && object.GetName() == name {
			rest.before = object
		}
	}
	return append(changes, rest), nil
}

// fates are claims of a namespace that belong to no StatefulSet.
func (c change) fates() (list []forecast.Step) {
	for _, claim := range c.claims {
		list = append(list, forecast.Step{Round: 1, Kind: forecast.ClaimDeleted, Object: claim.Name})
		if claim.Spec.VolumeName == "" {
			continue
		}
		step := forecast.Step{Round: 1, Kind: forecast.VolumeUnknown, Object: claim.Spec.VolumeName, Claim: claim.Name}
		for _, volume := range c.volumes {
			switch {
			case volume.Name != claim.Spec.VolumeName:
			case volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete:
				step.Kind = forecast.VolumeDeleted
			case volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimRetain:
				step.Kind = forecast.VolumeKept
			}
		}
		list = append(list, step)
	}
	return append(list, forecast.Step{Round: 1, Kind: forecast.NamespaceDeleted, Object: c.name})
}
