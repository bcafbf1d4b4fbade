package planner

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/forecast"
)

// Request is one thing to plan: a manifest, or an operation on an object.
type Request struct {
	// Manifest is the JSON of an object to apply.
	Manifest json.RawMessage
	// Scale, Image and Delete are the values of the flags, as "sts/db=3".
	Scale, Image, Delete string
	Propagation          forecast.Propagation
	// Namespace is that of a request which is in another one than the plan.
	Namespace string
	// Removed is the kind of an object that is no longer in the manifests and has no forecast.
	Removed string
}

// otherKind is the kind of a manifest that has no forecast; it is empty for one that has.
func (r Request) otherKind() string {
	if r.Removed != "" || len(r.Manifest) == 0 {
		return r.Removed
	}
	var manifest metav1.TypeMeta
	if err := json.Unmarshal(r.Manifest, &manifest); err != nil || manifest.Kind == "StatefulSet" && manifest.APIVersion == "apps/v1" {
		return ""
	}
	if manifest.Kind == "StatefulSet" {
		return "StatefulSet of " + manifest.APIVersion
	}
	return cmp.Or(manifest.Kind, "object without a kind")
}

// change is a request on one object.
type change struct {
	object   string
	set      *appsv1.StatefulSet
	isNew    bool
	forecast forecast.Change
	// resource and operation are what rules are asked about; before and after are the two versions of the object.
	resource, subresource, operation string
	namespace, name                  string
	before, after                    any
	assumed, unknown                 []string
	// claims are deleted without a StatefulSet that they belong to.
	claims  []corev1.PersistentVolumeClaim
	volumes []corev1.PersistentVolume
}

func (c change) action() string {
	if c.subresource != "" {
		return c.subresource
	}
	return string(c.forecast.Action)
}

// claimsIn is the namespace of the claims that a change deletes.
func (c change) claimsIn() string {
	if c.set != nil {
		return c.set.Namespace
	}
	return c.namespace
}

// in is the namespace of a request in a plan for another one.
func (r Request) in(namespace string) string { return cmp.Or(r.Namespace, namespace) }

func (i *Inventory) changes(request Request, namespace string) ([]change, error) {
	namespace = request.in(namespace)
	switch {
	case request.Scale != "":
		return i.scale(request.Scale, namespace)
	case request.Image != "":
		return i.image(request.Image, namespace)
	case request.Delete != "":
		return i.delete(request, namespace)
	default:
		return i.apply(request.Manifest, namespace)
	}
}

// named finds the StatefulSet of KIND/NAME=VALUE.
func (i *Inventory) named(flag, text, namespace string) (set *appsv1.StatefulSet, container, value string, err error) {
	object, value, found := strings.Cut(text, "=")
	kind, name, _ := strings.Cut(object, "/")
	name, container, _ = strings.Cut(name, "/")
	if !found || name == "" || value == "" || resourceOf(kind) != "statefulsets" {
		return nil, "", "", fmt.Errorf("--%s %q: write it like sts/db=VALUE", flag, text)
	}
	if set = i.set(namespace, name); set == nil {
		return nil, "", "", fmt.Errorf("--%[1]s: namespace %[3]s has no StatefulSet %[2]s", flag, name, namespace)
	}
	return set, container, value, nil
}

func (i *Inventory) scale(text, namespace string) ([]change, error) {
	set, _, value, err := i.named("scale", text, namespace)
	if err != nil {
		return nil, err
	}
	replicas, err := strconv.ParseInt(value, 10, 32)
	if err != nil || replicas < 0 {
		return nil, fmt.Errorf("--scale %q: the number of replicas must be 0 or more", text)
	}
	after := set.DeepCopy()
	count := int32(replicas)
	after.Spec.Replicas = &count
	c, err := i.update(set, after)
	c.subresource = "scale"
	c.before, c.after = scaleOf(set), scaleOf(after)
	return []change{c}, err
}

func (i *Inventory) image(text, namespace string) ([]change, error) {
	set, container, value, err := i.named("image", text, namespace)
	if err != nil {
		return nil, err
	}
	after := set.DeepCopy()
	containers := after.Spec.Template.Spec.Containers
	index := slices.IndexFunc(containers, func(each corev1.Container) bool { return each.Name == container })
	if container == "" && len(containers) == 1 {
		index = 0
	}
	if index < 0 {
		var names []string
		for _, each := range containers {
			names = append(names, each.Name)
		}
		return nil, fmt.Errorf("--image %q: name one of the containers %s, as in --image sts/%s/%s=IMAGE", text, strings.Join(names, ", "), set.Name, names[0])
	}
	containers[index].Image = value
	c, err := i.update(set, after)
	return []change{c}, err
}

func (i *Inventory) update(before, after *appsv1.StatefulSet) (change, error) {
	wanted, err := forecast.FromSet(after)
	return change{
		object: "StatefulSet " + before.Namespace + "/" + before.Name, set: before, forecast: forecast.Change{Action: forecast.UpdateSet, Set: wanted},
		resource: "statefulsets", operation: "UPDATE", namespace: before.Namespace, name: before.Name, before: before, after: after,
	}, err
}

func (i *Inventory) delete(request Request, namespace string) ([]change, error) {
	kind, name, found := strings.Cut(request.Delete, "/")
	resource := resourceOf(kind)
	if !found || name == "" || strings.Contains(name, "/") {
		return nil, fmt.Errorf("--delete %q: write it like sts/db", request.Delete)
	}
	switch resource {
	case "statefulsets":
		return i.deleteSet(name, namespace, request.Propagation)
	case "namespaces":
		return i.deleteNamespace(name)
	case "persistentvolumeclaims":
		return i.deleteClaim(name, namespace)
	case "persistentvolumes":
		return i.deleteVolume(name)
	case "services":
		return i.deleteService(name, namespace)
	case "pods":
		return i.deletePod(name, namespace)
	default:
		return nil, fmt.Errorf("--delete %q: use statefulset, namespace, persistentvolumeclaim, persistentvolume, service or pod", request.Delete)
	}
}

func (i *Inventory) deleteSet(name, namespace string, propagation forecast.Propagation) ([]change, error) {
	set := i.set(namespace, name)
	if set == nil {
		return nil, fmt.Errorf("--delete: namespace %[2]s has no StatefulSet %[1]s", name, namespace)
	}
	return []change{{
		object: "StatefulSet " + namespace + "/" + name, set: set, forecast: forecast.Change{Action: forecast.DeleteSet, Propagation: propagation},
		resource: "statefulsets", operation: "DELETE", namespace: namespace, name: name, before: set,
	}}, nil
}

// resourceOf knows a resource by its plural, singular, kind and short name.
func resourceOf(word string) string {
	short := map[string]string{
		"sts": "statefulsets", "svc": "services", "pvc": "persistentvolumeclaims", "pv": "persistentvolumes", "ns": "namespaces", "po": "pods",
	}
	word = strings.ToLower(word)
	for _, resource := range policies.Resources() {
		if word == resource.Name || word == strings.ToLower(resource.Kind) || short[word] == resource.Name {
			return resource.Name
		}
	}
	return ""
}

// scaleOf is the object of a request to scale.
func scaleOf(set *appsv1.StatefulSet) any {
	return map[string]any{
		"apiVersion": "autoscaling/v1", "kind": "Scale",
		"metadata": map[string]any{"name": set.Name, "namespace": set.Namespace},
		"spec":     map[string]any{"replicas": set.Spec.Replicas},
	}
}
