package admission

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/stateward/stateward/policies/confirmations"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/webhook/cluster"
	"github.com/stateward/stateward/webhook/recorder"
)

const (
	deletion = "11-delete-background.json"
	flux     = "system:serviceaccount:flux-system:kustomize-controller"
)

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
	kinds := runtime.NewScheme()
	if err := confirmations.AddToScheme(kinds); err != nil {
		t.Fatal(err)
	}
	used := &confirmations.Status{Uses: 1, LastUsed: new(metav1.NewTime(now.Local())), Recent: []confirmations.Use{{
		Time: metav1.NewTime(now.Local()), User: request.UserInfo.Username, Operation: "DELETE", Resource: "statefulsets", Name: request.Name,
	}}}
	for name, test := range map[string]struct {
		change func(request map[string]any)
		phase  engine.Phase
		inv    func(*inventory.Snapshot) inventory.Inventory
		want   *confirmations.Status
	}{
		"a deletion": {phase: engine.ValidatingPhase, want: used},
		"a dry run":  {phase: engine.ValidatingPhase, change: func(request map[string]any) { request["dryRun"] = true }},
		"what the Confirmation does not cover": {phase: engine.ValidatingPhase, change: func(request map[string]any) {
			request["oldObject"].(map[string]any)["metadata"].(map[string]any)["name"] = "other"
		}},
		"the mutating webhook": {phase: engine.MutatingPhase},
		"a client that does not show the stored UID": {
			phase: engine.ValidatingPhase, inv: func(of *inventory.Snapshot) inventory.Inventory { return unproved{of} },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stored := confirmed11(t)
			api := fake.NewClientBuilder().WithScheme(kinds).WithStatusSubresource(stored).WithObjects(stored).Build()
			handler := newHandler(t, test.phase)
			known := inventory.NewSnapshot("default", []string{"services", "statefulsets", "confirmations"})
			for _, object := range [][]byte{request.OldObject.Raw, encode(t, stored)} {
				if err := known.Add(object); err != nil {
					t.Fatal(err)
				}
			}
			handler.Policy = fixed(decider(t), known)
			if test.inv != nil {
				handler.Policy = fixed(decider(t), test.inv(known))
			}
			handler.Recorder = recorder.New(recorder.Options{
				Client: api, Count: handler.Metrics.CountWrite, Now: handler.Now, Log: logr.Discard(),
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

// unproved is an inventory in which no client shows that it may read an object.
type unproved struct{ inventory.Inventory }

func (unproved) Proves(context.Context, cluster.Claimed) bool { return false }

// flush writes what waits: a Recorder that ends leaves nothing.
func flush(t *testing.T, writes *recorder.Recorder) {
	t.Helper()
	ended, end := context.WithCancel(t.Context())
	end()
	if err := writes.Run(ended); err != nil {
		t.Fatal(err)
	}
}

// statusAfter is the status of a Confirmation after all was written.
func statusAfter(t *testing.T, writes *recorder.Recorder, api client.Client, stored *unstructured.Unstructured) *confirmations.Status {
	t.Helper()
	flush(t, writes)
	if err := api.Get(t.Context(), client.ObjectKeyFromObject(stored), stored); err != nil {
		t.Fatal(err)
	}
	var typed confirmations.Confirmation
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(stored.Object, &typed); err != nil {
		t.Fatal(err)
	}
	return typed.Status
}

func TestHandlerWritesEventsForAdvice(t *testing.T) {
	t.Parallel()
	const update = "04-image-patch.json"
	request := recording(t, update)
	compiled := map[string]*engine.Engine{}
	for _, advice := range []string{"", "warn", "event", "audit"} {
		guardrails := &v1alpha1.Guardrails{
			TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GuardrailsAPIVersion, Kind: v1alpha1.GuardrailsKind},
			ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.GuardrailsName},
			Spec:       v1alpha1.GuardrailsSpec{Advice: &v1alpha1.Advice{Automation: advice}},
		}
		made, err := engine.New(t.Context(), decider(t).Library(), guardrails)
		if err != nil {
			t.Fatal(err)
		}
		compiled[advice] = made
	}
	events := []string{
		"CanaryFirst default/StatefulSet/web: [canary-first] spec.updateStrategy.rollingUpdate.partition: 0 rolls the new image out to 3 of 3 pods, " +
			"not to 1 first. Fix: set the partition to 2 with the image, and lower it once web-2 works, or confirm it: kubectl annotate statefulset web " +
			"-n default --overwrite --field-manager=stateward-confirm stateward.dev/confirm=update stateward.dev/confirm-rules=canary-first stateward.dev/confirm-for=10m",
		"ReadinessGate default/StatefulSet/web: [readiness-gate] spec.template.spec.containers: as before: no readinessProbe, minReadySeconds 0: " +
			"a bad image reaches all pods",
	}
	for name, test := range map[string]struct {
		advice, user string
		dryRun       bool
		warned       bool
		want         []string
	}{
		"advice is not set":       {user: flux, warned: true},
		"advice: warn":            {advice: "warn", user: flux, warned: true},
		"advice: audit":           {advice: "audit", user: flux},
		"advice: event":           {advice: "event", user: flux, want: events},
		"a dry run":               {advice: "event", user: flux, dryRun: true},
		"a person":                {advice: "event", user: "alice", warned: true},
		"Kubernetes' controllers": {advice: "event", user: "system:serviceaccount:kube-system:job-controller", warned: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := fake.NewClientBuilder().WithScheme(scheme.Scheme).Build()
			handler := newHandler(t, engine.ValidatingPhase)
			handler.Policy = fixed(compiled[test.advice], tutorial(t))
			var ticks atomic.Int64
			handler.Recorder = recorder.New(recorder.Options{
				Client: api, Count: handler.Metrics.CountWrite, Log: logr.Discard(),
				Now: func() time.Time { return now.Add(time.Duration(ticks.Add(1))) },
			})
			answer := post(t, serve(t, handler), contentType, altered(t, update, func(request map[string]any) {
				request["userInfo"] = map[string]any{"username": test.user}
				request["dryRun"] = test.dryRun
			}))
			if warned := len(answer.Warnings) > 0; !answer.Allowed || warned != test.warned {
				t.Errorf("allowed %v with warnings %q", answer.Allowed, answer.Warnings)
			}
			flush(t, handler.Recorder)
			if diff := cmp.Diff(test.want, eventsOf(t, api, request)); diff != "" {
				t.Errorf("Events (-want +got):\n%s", diff)
			}
		})
	}
}

// eventsOf are the Events of a cluster. Each must have the UID of the object in a request.
func eventsOf(t *testing.T, api client.Client, request *admissionv1.AdmissionRequest) (lines []string) {
	t.Helper()
	var object metav1.PartialObjectMetadata
	if err := json.Unmarshal(request.OldObject.Raw, &object); err != nil {
		t.Fatal(err)
	}
	var events corev1.EventList
	if err := api.List(t.Context(), &events); err != nil {
		t.Fatal(err)
	}
	for _, event := range events.Items {
		about := event.InvolvedObject
		if about.UID != object.UID || event.Type != corev1.EventTypeWarning {
			t.Errorf("Event of type %s about UID %q, want %q", event.Type, about.UID, object.UID)
		}
		lines = append(lines, fmt.Sprintf("%s %s/%s/%s: %s", event.Reason, about.Namespace, about.Kind, about.Name, event.Message))
	}
	slices.Sort(lines)
	return lines
}

func TestHandlerReportsSetsThatMayLackTheirService(t *testing.T) {
	t.Parallel()
	found := func(rule string) []engine.Finding {
		return []engine.Finding{{Rule: "image-tag"}, {Rule: rule, Object: engine.ObjectReference{Name: "web-x7k2p"}}}
	}
	for name, test := range map[string]struct {
		phase     engine.Phase
		operation admissionv1.Operation
		kind      string
		findings  []engine.Finding
		want      string
	}{
		"a creation with a finding": {engine.ValidatingPhase, admissionv1.Create, "StatefulSet", found("headless-service"), "web-x7k2p"},
		"without a finding":         {engine.ValidatingPhase, admissionv1.Create, "StatefulSet", found("peers"), ""},
		"the mutating webhook":      {engine.MutatingPhase, admissionv1.Create, "StatefulSet", found("headless-service"), ""},
		"an update":                 {engine.ValidatingPhase, admissionv1.Update, "StatefulSet", found("headless-service"), ""},
		"another kind":              {engine.ValidatingPhase, admissionv1.Create, "Service", found("headless-service"), ""},
	} {
		request := &admissionv1.AdmissionRequest{Operation: test.operation, Kind: metav1.GroupVersionKind{Kind: test.kind}}
		handler := &Handler{Phase: test.phase}
		if got := handler.mayLackItsService(request, engine.Decision{Findings: test.findings}); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestEventsNameTheParentOfASubresource(t *testing.T) {
	t.Parallel()
	object := func(uid string) runtime.RawExtension {
		return runtime.RawExtension{Raw: fmt.Appendf(nil, `{"metadata": {"uid": %q}}`, uid)}
	}
	kind := func(group, version, kind string) metav1.GroupVersionKind {
		return metav1.GroupVersionKind{Group: group, Version: version, Kind: kind}
	}
	for name, test := range map[string]struct {
		request  admissionv1.AdmissionRequest
		want     corev1.ObjectReference
		unproved bool
	}{
		"an update": {
			admissionv1.AdmissionRequest{
				Kind: kind("apps", "v1", "StatefulSet"), Resource: metav1.GroupVersionResource{Group: "apps", Resource: "statefulsets"},
				Namespace: "shop", OldObject: object("s1"), Object: object("s1"),
			},
			corev1.ObjectReference{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: "shop", UID: "s1"}, false,
		},
		"a creation": {
			admissionv1.AdmissionRequest{
				Kind: kind("rabbitmq.com", "v1beta1", "RabbitmqCluster"), Resource: metav1.GroupVersionResource{Group: "rabbitmq.com", Resource: "rabbitmqclusters"},
				Namespace: "shop", Object: object("r1"),
			},
			corev1.ObjectReference{APIVersion: "rabbitmq.com/v1beta1", Kind: "RabbitmqCluster", Namespace: "shop", UID: "r1"}, true,
		},
		"a scale": {
			admissionv1.AdmissionRequest{
				Kind: kind("autoscaling", "v1", "Scale"), Resource: metav1.GroupVersionResource{Group: "apps", Resource: "statefulsets"}, SubResource: "scale",
				Namespace: "shop", OldObject: object("s1"), Object: object("s1"),
			},
			corev1.ObjectReference{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: "shop", UID: "s1"}, false,
		},
		"an eviction": {
			admissionv1.AdmissionRequest{
				Kind: kind("policy", "v1", "Eviction"), Resource: metav1.GroupVersionResource{Resource: "pods"}, SubResource: "eviction",
				Namespace: "shop", Object: runtime.RawExtension{Raw: []byte(`{}`)},
			},
			corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: "shop"}, true,
		},
		"a Namespace": {
			admissionv1.AdmissionRequest{
				Kind: kind("", "v1", "Namespace"), Resource: metav1.GroupVersionResource{Resource: "namespaces"},
				Namespace: "shop", OldObject: object("n1"),
			},
			corev1.ObjectReference{APIVersion: "v1", Kind: "Namespace", UID: "n1"}, false,
		},
	} {
		got, unproved := subjectOf(&test.request)
		if diff := cmp.Diff(test.want, got); diff != "" || unproved != test.unproved {
			t.Errorf("%s: unproved %v (-want +got):\n%s", name, unproved, diff)
		}
	}
}

func TestEvictionDryRunIsReadFromItsBody(t *testing.T) {
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
