// Package topology finds what belongs to a StatefulSet: its Service, budgets, pods, claims and volumes. It reads objects for
// drawings and never fails: what cannot be read is left out.
package topology

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MostPods is how many pods of a set are listed.
const MostPods = 100

// State says how certain a part is.
type State string

// States of a part.
const (
	// Exists: the object was read.
	Exists State = "exists"
	// Unready: a pod that exists and is not Ready.
	Unready State = "unready"
	// Planned: a controller creates it from a manifest.
	Planned State = "planned"
	// Missing: it is needed, and all objects of its kind were read.
	Missing State = "missing"
	// Unknown: it is needed, and may exist elsewhere.
	Unknown State = "unknown"
)

// Object is an object as JSON, with the file that holds it.
type Object struct {
	File, Kind, Namespace, Name string
	Raw                         json.RawMessage
}

// Part is a Service, budget, pod, claim or volume.
type Part struct {
	Kind, Namespace, Name string
	State                 State
	// Detail is a few words, as "10Gi fast".
	Detail string
}

// Set is a StatefulSet with its parts.
type Set struct {
	File, Namespace, Name, Detail string
	// Service is nil if the set names none.
	Service *Part
	Budgets []Part
	Pods    []Pod
	// More is how many pods are not listed.
	More int
}

// Pod is a pod with the claims of the set's templates.
type Pod struct {
	Part

	Claims []Claim
}

// Claim is a claim with the volume that it is bound to, nil for none.
type Claim struct {
	Part

	Volume *Part
}

// Options say what the objects are.
type Options struct {
	// Stored says that they exist; otherwise they are manifests, from which controllers create pods and claims.
	Stored bool
	// Known are the resources whose objects are complete.
	Known []string
}

// Sets finds the parts of all StatefulSets, in the order of the objects.
func Sets(objects []Object, options Options) []Set {
	found := &finder{options: options, byKey: map[key]read{}, budgets: map[string][]budget{}, pods: map[key][]string{}}
	var sets []Object
	for _, each := range objects {
		found.add(each)
		if each.Kind == "StatefulSet" {
			sets = append(sets, each)
		}
	}
	made := make([]Set, 0, len(sets))
	for _, each := range sets {
		made = append(made, found.set(each))
	}
	return made
}

// key names an object of one kind.
type key struct{ kind, namespace, name string }

// finder looks objects up.
type finder struct {
	options Options
	byKey   map[key]read
	budgets map[string][]budget
	// pods are the names of the pods that a StatefulSet controls.
	pods map[key][]string
}

func (f *finder) add(object Object) {
	if !slices.Contains([]string{"Service", "Pod", "PersistentVolumeClaim", "PersistentVolume", "PodDisruptionBudget"}, object.Kind) {
		return
	}
	values := reading(object)
	f.byKey[key{object.Kind, object.Namespace, object.Name}] = values
	switch object.Kind {
	case "Pod":
		for _, owner := range values.Metadata.OwnerReferences {
			if owner.Controller && owner.Kind == "StatefulSet" {
				set := key{owner.Kind, object.Namespace, owner.Name}
				f.pods[set] = append(f.pods[set], object.Name)
			}
		}
	case "PodDisruptionBudget":
		f.budgets[object.Namespace] = append(f.budgets[object.Namespace], budgetOf(object))
	}
}

// set finds the parts of one.
func (f *finder) set(object Object) Set {
	values := reading(object)
	made := Set{File: object.File, Namespace: object.Namespace, Name: object.Name, Service: f.service(object.Namespace, values.Spec.ServiceName)}
	for _, each := range f.budgets[object.Namespace] {
		if each.selects(values.Spec.Template.Metadata.Labels) {
			made.Budgets = append(made.Budgets, Part{Kind: "PodDisruptionBudget", Namespace: object.Namespace, Name: each.name, State: Exists, Detail: each.detail})
		}
	}
	wanted := values.replicas()
	ordinals := f.ordinals(object, values, wanted)
	made.More = max(wanted, len(ordinals)) - min(len(ordinals), MostPods)
	for _, ordinal := range ordinals[:min(len(ordinals), MostPods)] {
		made.Pods = append(made.Pods, f.pod(object, values, ordinal))
	}
	made.Detail = fmt.Sprintf("%d replicas", wanted)
	if wanted == 1 {
		made.Detail = "1 replica"
	}
	if f.options.Stored {
		made.Detail = fmt.Sprintf("%d of %d Ready", values.Status.ReadyReplicas, wanted)
	}
	return made
}

// ordinals are those of the pods that exist or are wanted; of the wanted ones at most MostPods, however many a manifest asks for.
func (f *finder) ordinals(object Object, values read, wanted int) []int {
	start := max(values.Spec.Ordinals.Start, 0)
	var ordinals []int
	for index := range min(wanted, MostPods) {
		ordinals = append(ordinals, start+index)
	}
	for _, name := range f.pods[key{object.Kind, object.Namespace, object.Name}] {
		suffix, isOfSet := strings.CutPrefix(name, object.Name+"-")
		ordinal, err := strconv.Atoi(suffix)
		if isOfSet && err == nil && ordinal >= 0 {
			ordinals = append(ordinals, ordinal)
		}
	}
	slices.Sort(ordinals)
	return slices.Compact(ordinals)
}

func (f *finder) service(namespace, name string) *Part {
	if name == "" {
		return nil
	}
	part := f.part("Service", "services", namespace, name)
	if part.State == Exists {
		part.Detail = "ClusterIP"
		if service := f.byKey[key{"Service", namespace, name}]; service.Spec.ClusterIP == "None" {
			part.Detail = "headless"
		}
	}
	return &part
}

func (f *finder) pod(set Object, values read, ordinal int) Pod {
	name := set.Name + "-" + strconv.Itoa(ordinal)
	pod := Pod{Part: f.made("Pod", "pods", set.Namespace, name)}
	if pod.State == Exists {
		pod.Detail = "Ready"
		if live := f.byKey[key{"Pod", set.Namespace, name}]; !live.isReady() {
			pod.State, pod.Detail = Unready, "not Ready"
		}
	}
	for _, template := range values.Spec.VolumeClaimTemplates {
		pod.Claims = append(pod.Claims, f.claim(set.Namespace, template.Metadata.Name+"-"+name, template))
	}
	return pod
}

func (f *finder) claim(namespace, name string, template read) Claim {
	claim := Claim{Part: f.made("PersistentVolumeClaim", "persistentvolumeclaims", namespace, name)}
	values := template
	if claim.State == Exists {
		values = f.byKey[key{claim.Kind, namespace, name}]
	}
	if claim.State != Missing && claim.State != Unknown {
		claim.Detail = strings.TrimSpace(values.Spec.Resources.Requests.Storage + " " + values.Spec.StorageClassName)
	}
	if volume := values.Spec.VolumeName; volume != "" {
		part := f.part("PersistentVolume", "persistentvolumes", "", volume)
		if part.State == Exists {
			part.Detail = f.byKey[key{part.Kind, "", volume}].Spec.PersistentVolumeReclaimPolicy
		}
		claim.Volume = &part
	}
	return claim
}

// made returns a part that a controller creates for a set.
func (f *finder) made(kind, resource, namespace, name string) Part {
	part := f.part(kind, resource, namespace, name)
	if part.State != Exists && !f.options.Stored {
		part.State, part.Detail = Planned, ""
	}
	return part
}

// part is an object that is named: it exists, is missing, or may exist elsewhere.
func (f *finder) part(kind, resource, namespace, name string) Part {
	part := Part{Kind: kind, Namespace: namespace, Name: name, State: Exists}
	if _, exists := f.byKey[key{kind, namespace, name}]; exists {
		return part
	}
	part.State, part.Detail = Unknown, "not read"
	if slices.Contains(f.options.Known, resource) {
		part.State, part.Detail = Missing, "does not exist"
	}
	if !f.options.Stored {
		part.Detail = "not in manifests"
	}
	return part
}
