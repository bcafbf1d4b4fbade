package entrypoints_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes/scheme"
)

// edit returns the JSON merge patch of a change to this object.
type edit func(before *unstructured.Unstructured) ([]byte, error)

// merge is an edit that is a patch already.
func merge(patch string) edit {
	return func(*unstructured.Unstructured) ([]byte, error) { return []byte(patch), nil }
}

// edited is an edit in Go.
func edited[T any](change func(*T)) edit {
	return func(object *unstructured.Unstructured) ([]byte, error) {
		typed := new(T)
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, typed); err != nil {
			return nil, err
		}
		before, err := json.Marshal(typed)
		if err != nil {
			return nil, err
		}
		change(typed)
		after, err := json.Marshal(typed)
		if err != nil {
			return nil, err
		}
		return jsonpatch.CreateMergePatch(before, after)
	}
}

// patched returns an object with a JSON merge patch.
func patched(object *unstructured.Unstructured, patch []byte) (*unstructured.Unstructured, error) {
	before, err := object.MarshalJSON()
	if err != nil {
		return nil, err
	}
	after, err := jsonpatch.MergePatch(before, patch)
	if err != nil {
		return nil, err
	}
	result := &unstructured.Unstructured{}
	return result, result.UnmarshalJSON(after)
}

// manifest is what a person would apply of an object that was read.
func manifest(object *unstructured.Unstructured) *unstructured.Unstructured {
	written := object.DeepCopy()
	for _, field := range []string{"managedFields", "resourceVersion", "uid", "creationTimestamp", "generation"} {
		unstructured.RemoveNestedField(written.Object, "metadata", field)
	}
	return written
}

// onlyReplicas leaves out of a Scale what it has no field for.
func onlyReplicas(scale *unstructured.Unstructured) {
	replicas, has, err := unstructured.NestedFieldNoCopy(scale.Object, "spec", "replicas")
	delete(scale.Object, "spec")
	if err == nil && has {
		scale.Object["spec"] = map[string]any{"replicas": replicas}
	}
}

// strategic is the strategic merge patch of a request. Kinds that the API server does not know in Go have none: they are sent
// the merge patch, which is refused by its type.
func strategic(r request) ([]byte, error) {
	typed, err := scheme.Scheme.New(r.before.GroupVersionKind())
	if runtime.IsNotRegisteredError(err) {
		return r.patch, nil
	}
	if err != nil {
		return nil, err
	}
	before, err := r.before.MarshalJSON()
	if err != nil {
		return nil, err
	}
	after, err := r.after.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return strategicpatch.CreateTwoWayMergePatch(before, after, typed)
}

// step is an operation of a JSON patch.
type step struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// steps is the JSON patch of a request.
func steps(r request) ([]byte, error) {
	var patch map[string]any
	if err := json.Unmarshal(r.patch, &patch); err != nil {
		return nil, err
	}
	return json.Marshal(stepsOf(patch, r.before.Object, ""))
}

func stepsOf(patch, before map[string]any, path string) (all []step) {
	for _, key := range slices.Sorted(maps.Keys(patch)) {
		here := path + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
		now, exists := before[key]
		deeper, isMap := patch[key].(map[string]any)
		inside, wasMap := now.(map[string]any)
		switch {
		case patch[key] == nil && exists:
			all = append(all, step{Op: "remove", Path: here})
		case isMap && wasMap:
			all = append(all, stepsOf(deeper, inside, here)...)
		case patch[key] != nil:
			all = append(all, step{Op: "add", Path: here, Value: patch[key]})
		}
	}
	return all
}

// changed reports whether any value that a merge patch names differs between two objects.
func changed(patch []byte, before, after *unstructured.Unstructured) (bool, error) {
	var wanted map[string]any
	if err := json.Unmarshal(patch, &wanted); err != nil {
		return false, err
	}
	if len(wanted) == 0 {
		return false, errors.New("the patch is empty: the kind changes nothing")
	}
	return differs(wanted, before.Object, after.Object), nil
}

func differs(wanted, before, after map[string]any) bool {
	for key, value := range wanted {
		deeper, isMap := value.(map[string]any)
		was, wasMap := before[key].(map[string]any)
		is, isMapNow := after[key].(map[string]any)
		if isMap && (wasMap || isMapNow) {
			if differs(deeper, was, is) {
				return true
			}
			continue
		}
		if !equalJSON(before[key], after[key]) {
			return true
		}
	}
	return false
}

func equalJSON(one, another any) bool {
	first, err := json.Marshal(one)
	if err != nil {
		return false
	}
	second, err := json.Marshal(another)
	return err == nil && string(first) == string(second)
}

// toUnstructured turns a typed object into one for the dynamic client.
func toUnstructured(object any) (*unstructured.Unstructured, error) {
	if text, is := object.(string); is {
		result := &unstructured.Unstructured{}
		return result, result.UnmarshalJSON([]byte(text))
	}
	encoded, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	result := &unstructured.Unstructured{}
	return result, result.UnmarshalJSON(encoded)
}

func evictionOf(pod string, grace *int64) *policyv1.Eviction {
	return &policyv1.Eviction{
		TypeMeta:      metav1.TypeMeta{APIVersion: "policy/v1", Kind: "Eviction"},
		ObjectMeta:    metav1.ObjectMeta{Name: pod},
		DeleteOptions: &metav1.DeleteOptions{GracePeriodSeconds: grace},
	}
}

func bindingOf(pod string) *corev1.Binding {
	return &corev1.Binding{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Binding"},
		ObjectMeta: metav1.ObjectMeta{Name: pod},
		Target:     corev1.ObjectReference{Kind: "Node", Name: "node-0"},
	}
}
