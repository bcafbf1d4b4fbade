// Package preview forecasts what an admission request does to StatefulSets. It looks at what is at hand, never at the API
// server, and bounds its work: a forecast must neither fail nor delay a request.
package preview

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/stateward/stateward/policies/forecast"
)

const (
	// mostPods bounds the work for one request, about a quarter of a millisecond.
	mostPods = 100
	// mostSets is how many StatefulSets of a namespace are forecast.
	mostSets = 20
)

// ErrNoStatefulSet is returned for a request that changes no StatefulSet, none of its pods, claims, volumes or Services.
var ErrNoStatefulSet = errors.New("no StatefulSet is concerned")

// Inventory is what exists, as far as it is at hand.
type Inventory interface {
	// StatefulSet returns one by its name.
	StatefulSet(namespace, name string) (Stored, bool)
	// StatefulSets returns those of a namespace, sorted by name.
	StatefulSets(namespace string) []Stored
	// Pods and Claims returns those whose names are names of this StatefulSet's. known is false where none of the kind is at hand.
	Pods(set forecast.Set) (pods []forecast.Pod, known bool)
	Claims(set forecast.Set) (claims []forecast.Claim, known bool)
	// Names is how the governing Service of this StatefulSet names its pods; where Services are not at hand, that of most is returned.
	Names(set forecast.Set) forecast.Naming
}

// Source gives the Inventory at a time.
type Source interface {
	AtTime(now time.Time) Inventory
	// HoldsObjects reports whether anything is at hand; without it, a forecast is made of the request alone.
	HoldsObjects() bool
}

// subject is one StatefulSet that a request changes.
type subject struct {
	set    Stored
	isNew  bool
	change forecast.Change
}

// subjects are what a request changes.
func subjects(request *admissionv1.AdmissionRequest, inventory Inventory) ([]subject, error) {
	resource := request.Resource.Resource
	if request.SubResource != "" {
		resource += "/" + request.SubResource
	}
	switch resource + " " + string(request.Operation) {
	case "statefulsets CREATE":
		return created(request)
	case "statefulsets UPDATE":
		return updated(request)
	case "statefulsets/scale UPDATE":
		return scaled(request, inventory)
	case "statefulsets DELETE":
		return deleted(request)
	case "namespaces DELETE":
		return ofNamespace(nameOf(request), inventory)
	case "services DELETE":
		return ofService(request.Namespace, nameOf(request), inventory)
	case "persistentvolumeclaims DELETE":
		return ofNamed(request.Namespace, forecast.Change{Action: forecast.DeleteClaim, Name: nameOf(request)}, forecast.Set.HasClaim, inventory)
	case "pods DELETE":
		return ofNamed(request.Namespace, forecast.Change{Action: forecast.DeletePod, Name: nameOf(request)}, forecast.Set.HasPod, inventory)
	case "pods/eviction CREATE":
		return ofNamed(request.Namespace, forecast.Change{Action: forecast.DeletePod, Name: request.Name}, forecast.Set.HasPod, inventory)
	default:
		return nil, ErrNoStatefulSet
	}
}

func created(request *admissionv1.AdmissionRequest) ([]subject, error) {
	set, err := read(request.Namespace, request.Object.Raw)
	if err != nil {
		return nil, err
	}
	set.Template = newTemplate
	change := forecast.Change{Action: forecast.CreateSet, Set: set.Set}
	return []subject{{set: set, isNew: true, change: change}}, nil
}

// read reads a StatefulSet of a request, which is the one that says in which namespace it is.
func read(namespace string, raw []byte) (Stored, error) {
	set, err := Read(raw)
	set.Namespace = namespace
	return set, err
}

// Identifiers of templates: only whether two of them are equal counts.
const (
	storedTemplate = "stored"
	newTemplate    = "new"
)

func updated(request *admissionv1.AdmissionRequest) ([]subject, error) {
	before, err := read(request.Namespace, request.OldObject.Raw)
	if err != nil {
		return nil, err
	}
	after, err := read(request.Namespace, request.Object.Raw)
	if err != nil {
		return nil, err
	}
	if before.Ending {
		return nil, ErrNoStatefulSet
	}
	before.Template, after.Template = storedTemplate, newTemplate
	if bytes.Equal(before.template, after.template) {
		after.Template = storedTemplate
	}
	return []subject{{set: before, change: forecast.Change{Action: forecast.UpdateSet, Set: after.Set}}}, nil
}

func scaled(request *admissionv1.AdmissionRequest, inventory Inventory) ([]subject, error) {
	set, found := inventory.StatefulSet(request.Namespace, request.Name)
	if !found {
		return nil, fmt.Errorf("StatefulSet %s is not known yet", request.Name)
	}
	before, err := replicas(request.OldObject.Raw)
	if err != nil {
		return nil, err
	}
	set.Replicas, set.Template = before, storedTemplate
	after := set.Set
	if after.Replicas, err = replicas(request.Object.Raw); err != nil {
		return nil, err
	}
	return []subject{{set: set, change: forecast.Change{Action: forecast.UpdateSet, Set: after}}}, nil
}

// replicas are those of a Scale.
func replicas(raw []byte) (int, error) {
	var scale struct {
		Spec struct{ Replicas int }
	}
	if err := json.Unmarshal(raw, &scale); err != nil {
		return 0, fmt.Errorf("read Scale: %w", err)
	}
	return scale.Spec.Replicas, nil
}

func deleted(request *admissionv1.AdmissionRequest) ([]subject, error) {
	set, err := read(request.Namespace, request.OldObject.Raw)
	if err != nil {
		return nil, err
	}
	if set.Ending {
		return nil, ErrNoStatefulSet
	}
	set.Template = storedTemplate
	change := forecast.Change{Action: forecast.DeleteSet, Propagation: propagation(request.Options.Raw, set)}
	return []subject{{set: set, change: change}}, nil
}

// propagation is what the API server takes for one: that of the options, else that of the object's finalizers.
func propagation(raw []byte, set Stored) forecast.Propagation {
	var options struct {
		PropagationPolicy string
		OrphanDependents  *bool
	}
	// Options that cannot be read do not come from an API server; the default is as good for them.
	_ = json.Unmarshal(raw, &options)
	switch {
	case options.PropagationPolicy != "":
		return forecast.Propagation(strings.ToLower(options.PropagationPolicy))
	case options.OrphanDependents != nil && *options.OrphanDependents:
		return forecast.Orphan
	case options.OrphanDependents != nil:
		return forecast.Background
	case set.orphans:
		return forecast.Orphan
	case set.foreground:
		return forecast.Foreground
	default:
		return forecast.Background
	}
}

func ofNamespace(name string, inventory Inventory) (list []subject, err error) {
	for _, set := range inventory.StatefulSets(name) {
		set.Template = storedTemplate
		list = append(list, subject{set: set, change: forecast.Change{Action: forecast.DeleteNamespace, Name: name}})
	}
	if len(list) == 0 {
		return nil, ErrNoStatefulSet
	}
	return list, nil
}

func ofService(namespace, name string, inventory Inventory) (list []subject, err error) {
	for _, set := range inventory.StatefulSets(namespace) {
		if set.Service == name {
			set.Template = storedTemplate
			list = append(list, subject{set: set, change: forecast.Change{Action: forecast.DeleteService, Name: name}})
		}
	}
	if len(list) == 0 {
		return nil, ErrNoStatefulSet
	}
	return list, nil
}

// ofNamed is the deletion of an object whose name is one of a StatefulSet's.
func ofNamed(namespace string, change forecast.Change, belongs func(forecast.Set, string) bool, inventory Inventory) ([]subject, error) {
	for _, set := range inventory.StatefulSets(namespace) {
		if belongs(set.Set, change.Name) {
			set.Template = storedTemplate
			return []subject{{set: set, change: change}}, nil
		}
	}
	return nil, ErrNoStatefulSet
}

// nameOf is the name of the object; a deletecollection has it in the object alone.
func nameOf(request *admissionv1.AdmissionRequest) string {
	if request.Name != "" {
		return request.Name
	}
	var object struct{ Metadata struct{ Name string } }
	// An object that cannot be read has no name.
	_ = json.Unmarshal(request.OldObject.Raw, &object)
	return object.Metadata.Name
}
