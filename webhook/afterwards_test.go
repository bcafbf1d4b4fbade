package webhook

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/stateward/stateward/policies/confirmations"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/webhook/cluster"
	"github.com/stateward/stateward/webhook/recorder"
)

const deletion = "11-delete-background.json"

// confirmed11 is a Confirmation of the deletion in that review.
func confirmed11(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	request := recording(t, deletion)
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "stateward.dev/v1alpha1", "kind": "Confirmation",
		"metadata": map[string]any{"namespace": request.Namespace, "name": "delete-x", "uid": "c1"},
		"spec": map[string]any{
			"operations": []any{"delete"}, "until": now.Add(time.Minute).Format(time.RFC3339), "confirmedBy": "alice",
			"objects": []any{map[string]any{"group": "apps", "kind": "StatefulSet", "name": request.Name}},
		},
	}}
}

func TestHandlerRecordsTheUseOfAConfirmation(t *testing.T) {
	t.Parallel()
	request := recording(t, deletion)
	used := &confirmations.Status{Uses: 1, LastUsed: new(metav1.NewTime(now.Local())), Recent: []confirmations.Use{{
		Time: metav1.NewTime(now.Local()), User: request.UserInfo.Username, Operation: "DELETE", Resource: "statefulsets", Name: request.Name,
	}}}
	for name, test := range map[string]struct {
		change func(request map[string]any)
		door   engine.Door
		world  func(*inventory.Snapshot) inventory.World
		want   *confirmations.Status
	}{
		"a deletion": {door: engine.ValidatingDoor, want: used},
		"a dry run":  {door: engine.ValidatingDoor, change: func(request map[string]any) { request["dryRun"] = true }},
		"what the Confirmation does not cover": {door: engine.ValidatingDoor, change: func(request map[string]any) {
			request["oldObject"].(map[string]any)["metadata"].(map[string]any)["name"] = "other"
		}},
		"the mutating webhook": {door: engine.MutatingDoor},
		"a client that does not show the stored UID": {
			door: engine.ValidatingDoor, world: func(of *inventory.Snapshot) inventory.World { return unproved{of} },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stored := confirmed11(t)
			api := fake.NewClientBuilder().WithScheme(scheme.Scheme).WithStatusSubresource(stored).WithObjects(stored).Build()
			handler := newHandler(t, test.door)
			known := inventory.NewSnapshot("default", []string{"services", "statefulsets", "confirmations"})
			for _, object := range [][]byte{request.OldObject.Raw, encode(t, stored)} {
				if err := known.Add(object); err != nil {
					t.Fatal(err)
				}
			}
			handler.Policy = fixed(decider(t), known)
			if test.world != nil {
				handler.Policy = fixed(decider(t), test.world(known))
			}
			handler.Recorder = recorder.New(recorder.Options{
				Client: api, Count: handler.Metrics.countWrite, Now: handler.Now, Log: logr.Discard(),
			})
			change := test.change
			if change == nil {
				change = func(map[string]any) {}
			}
			post(t, serve(t, handler), contentType, altered(t, deletion, change))
			if diff := cmp.Diff(test.want, statusAfter(t, handler.Recorder, api, stored)); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
		})
	}
}

// unproved is a World in which no client shows that it may read an object.
type unproved struct{ inventory.World }

func (unproved) Proves(context.Context, cluster.Claimed) bool { return false }

// statusAfter is the status of a Confirmation after all was written.
func statusAfter(t *testing.T, writes *recorder.Recorder, api client.Client, stored *unstructured.Unstructured) *confirmations.Status {
	t.Helper()
	ended, end := context.WithCancel(t.Context())
	end()
	if err := writes.Run(ended); err != nil {
		t.Fatal(err)
	}
	if err := api.Get(t.Context(), client.ObjectKeyFromObject(stored), stored); err != nil {
		t.Fatal(err)
	}
	var typed confirmations.Confirmation
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(stored.Object, &typed); err != nil {
		t.Fatal(err)
	}
	return typed.Status
}

func TestDryRunOfAnEvictionIsInItsBody(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		`{"metadata": {"name": "db-0"}}`:         false,
		`{"deleteOptions": {"dryRun": []}}`:      false,
		`{"deleteOptions": {"dryRun": "All"}}`:   true,
		`{"deleteOptions": {"dryRun": ["All"]}}`: true,
	} {
		request := &admissionv1.AdmissionRequest{SubResource: "eviction", Object: runtime.RawExtension{Raw: json.RawMessage(body)}}
		if got := dryEviction(request); got != want {
			t.Errorf("dryEviction(%s) = %v, want %v", body, got, want)
		}
	}
}
