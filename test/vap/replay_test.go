package vap_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionv1 "k8s.io/api/admission/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	kjson "sigs.k8s.io/json"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/test/cluster"
)

// stage is a namespace of a real API server in which one request of an example is made.
type stage struct {
	server    *cluster.Cluster
	namespace string
}

// warnings collects what an API server warns of.
type warnings struct {
	sync.Mutex
	rules map[string]bool
}

// ofPolicy finds the rule in a warning of one of its policies.
var ofPolicy = regexp.MustCompile(`ValidatingAdmissionPolicy 'stateward-([a-z-]+?)(\.static\.k8s\.io)?'`)

func (w *warnings) HandleWarningHeader(_ int, _ string, text string) {
	if found := ofPolicy.FindStringSubmatch(text); found != nil {
		w.Lock()
		defer w.Unlock()
		w.rules[found[1]] = true
	}
}

// client acts as a user with all rights, and records which policies warned.
func (s stage) client(t *testing.T, user string, groups ...string) (dynamic.Interface, *warnings) {
	t.Helper()
	config := s.server.ConfigFor(user, append(groups, "system:masters")...)
	config.QPS = -1
	heard := &warnings{rules: map[string]bool{}}
	config.WarningHandler = heard
	client, err := dynamic.NewForConfig(config)
	must(t, err)
	return client, heard
}

// past acts as a user whom no policy stops.
func (s stage) past(t *testing.T) dynamic.Interface {
	t.Helper()
	client, _ := s.client(t, "admin", "stateward:breakglass")
	return client
}

// replay makes a request for real, as a dry run, and returns the rules whose policies found something wrong. The error is
// what the API server says of the request by itself.
func (s stage) replay(t *testing.T, request admissionv1.AdmissionRequest, inv []unstructured.Unstructured) ([]string, error) {
	t.Helper()
	user := request.UserInfo.Username
	if user == "" {
		user = "alice"
	}
	client, heard := s.client(t, user, request.UserInfo.Groups...)
	err := s.do(t, client, request, inv)
	return slices.Sorted(maps.Keys(heard.rules)), err
}

func (s stage) do(t *testing.T, client dynamic.Interface, request admissionv1.AdmissionRequest, inv []unstructured.Unstructured) error {
	t.Helper()
	resource := schema.GroupVersionResource{Group: request.Resource.Group, Version: request.Resource.Version, Resource: request.Resource.Resource}
	object, old := decoded(t, request.Object.Raw), decoded(t, request.OldObject.Raw)
	s.move(object)
	s.move(old)
	var subresources []string
	if request.SubResource != "" {
		subresources = []string{request.SubResource}
	}
	dryRun := []string{metav1.DryRunAll}
	switch {
	case request.SubResource == "scale":
		if err := s.store(t, resource, s.parent(t, request.Name, old, inv)); err != nil {
			return err
		}
		_, err := s.in(client, resource).Update(t.Context(), object, metav1.UpdateOptions{DryRun: dryRun}, subresources...)
		return err
	case request.Operation == admissionv1.Create:
		_, err := s.in(client, resource).Create(t.Context(), object, metav1.CreateOptions{DryRun: dryRun})
		return err
	case request.SubResource == "finalize":
		// It takes no patches.
		if err := s.store(t, resource, old); err != nil {
			return err
		}
		_, err := s.in(client, resource).Update(t.Context(), object, metav1.UpdateOptions{DryRun: dryRun}, subresources...)
		return err
	case request.Operation == admissionv1.Update:
		if err := s.store(t, resource, old); err != nil {
			return err
		}
		patch, err := jsonpatch.CreateMergePatch(encoded(t, old), encoded(t, object))
		must(t, err)
		_, err = s.in(client, resource).Patch(t.Context(), old.GetName(), types.MergePatchType, patch, metav1.PatchOptions{DryRun: dryRun}, subresources...)
		return err
	default:
		if err := s.store(t, resource, old); err != nil {
			return err
		}
		options := metav1.DeleteOptions{}
		if len(request.Options.Raw) > 0 {
			must(t, json.Unmarshal(request.Options.Raw, &options))
		}
		options.DryRun = dryRun
		return s.in(client, resource).Delete(t.Context(), old.GetName(), options)
	}
}

// store puts what was there before into the cluster. The stage's own Namespace replaces any other.
func (s stage) store(t *testing.T, resource schema.GroupVersionResource, object *unstructured.Unstructured) error {
	t.Helper()
	if object.GetKind() == "Namespace" {
		patch := encoded(t, &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{
			"labels": object.GetLabels(), "annotations": object.GetAnnotations(),
		}}})
		_, err := s.in(s.past(t), resource).Patch(t.Context(), s.namespace, types.MergePatchType, patch, metav1.PatchOptions{})
		return err
	}
	stored, err := s.in(s.past(t), resource).Create(t.Context(), object, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return s.bind(t, resource, stored)
}

// bind writes the state that a confirmation is for, which only the API server knows, as Stateward does at each confirmation.
func (s stage) bind(t *testing.T, resource schema.GroupVersionResource, stored *unstructured.Unstructured) error {
	t.Helper()
	annotations := stored.GetAnnotations()
	if annotations[policies.ConfirmedByAnnotation] == "" {
		return nil
	}
	state := string(stored.GetUID())
	if annotations[policies.ConfirmAnnotation] == "delete" {
		if policy, found, _ := unstructured.NestedString(stored.Object, "spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"); found {
			state += "/" + policy
		}
	} else if stored.GetGeneration() > 0 {
		state = fmt.Sprintf("%s/%d", state, stored.GetGeneration())
	}
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, policies.ConfirmedObjectAnnotation, state)
	_, err := s.in(s.past(t), resource).Patch(t.Context(), stored.GetName(), types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// parent is the StatefulSet behind a Scale: of the example, or one that has nothing but these replicas.
func (s stage) parent(t *testing.T, name string, scale *unstructured.Unstructured, inv []unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	replicas, _, err := unstructured.NestedInt64(scale.Object, "spec", "replicas")
	must(t, err)
	parent := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": map[string]any{"name": name},
		"spec": map[string]any{"serviceName": "web", "selector": map[string]any{"matchLabels": map[string]any{"app": "web"}}, "template": map[string]any{
			"metadata": map[string]any{"labels": map[string]any{"app": "web"}},
			"spec":     map[string]any{"containers": []any{map[string]any{"name": "web", "image": "web:1"}}},
		}},
	}}
	for _, document := range inv {
		if document.GetKind() == "StatefulSet" && document.GetName() == name {
			parent = document.DeepCopy()
		}
	}
	must(t, unstructured.SetNestedField(parent.Object, replicas, "spec", "replicas"))
	s.move(parent)
	return parent
}

// move takes an object into the stage, without what only an API server writes.
func (s stage) move(object *unstructured.Unstructured) {
	if object == nil {
		return
	}
	switch object.GetKind() {
	case "Namespace":
		object.SetName(s.namespace)
	case "PersistentVolume", "Node", "PriorityClass", "VolumeAttachment":
		// They have no namespace, and many examples speak of one of the same name.
		object.SetName(s.namespace + "-" + object.GetName())
	default:
		object.SetNamespace(s.namespace)
	}
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "deletionTimestamp", "deletionGracePeriodSeconds"} {
		unstructured.RemoveNestedField(object.Object, "metadata", field)
	}
}

func (s stage) in(client dynamic.Interface, resource schema.GroupVersionResource) dynamic.ResourceInterface {
	known, _ := policies.LookupResource(resource.Resource)
	if known.Namespaced {
		return client.Resource(resource).Namespace(s.namespace)
	}
	return client.Resource(resource)
}

// byItself reports whether Kubernetes refuses a request whatever policies there are.
func byItself(err error) bool {
	return apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || strings.Contains(fmt.Sprint(err), "is forbidden: ")
}

func decoded(t *testing.T, raw []byte) *unstructured.Unstructured {
	t.Helper()
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	object := &unstructured.Unstructured{}
	must(t, kjson.UnmarshalCaseSensitivePreserveInts(raw, &object.Object))
	return object
}

func encoded(t *testing.T, object *unstructured.Unstructured) []byte {
	t.Helper()
	raw, err := json.Marshal(object.Object)
	must(t, err)
	return raw
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var _ rest.WarningHandler = &warnings{}
