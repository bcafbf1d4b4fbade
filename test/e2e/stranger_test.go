package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stateward/stateward/test/builders"
)

// TestWebhookRevealsNothingToUnauthenticatedPods sends reviews to the port as a pod without credentials can.
func TestWebhookRevealsNothingToUnauthenticatedPods(t *testing.T) {
	g := newGuard(t, shared(t))
	g.create(t, withClaim(builders.MakeStatefulSet().Replicas(3)))
	g.settled(t, 3)
	namespace, err := g.Client.CoreV1().Namespaces().Get(t.Context(), g.namespace, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	set, err := g.set(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for what, asked := range map[string]struct {
		kind     metav1.GroupVersionKind
		resource string
		object   metav1.Object
		rule     string
		learned  string
	}{
		"a namespace": {metav1.GroupVersionKind{Version: "v1", Kind: "Namespace"}, "namespaces", namespace, "namespace-delete", "StatefulSet"},
		"a set":       {metav1.GroupVersionKind{Group: "apps", Version: "v1", Kind: "StatefulSet"}, "statefulsets", set, "cascade-delete", "3 of its pods"},
	} {
		t.Run(what, func(t *testing.T) {
			told := g.ask(t, asked.kind, asked.resource, asked.object)
			if !strings.Contains(told, asked.learned) {
				t.Errorf("with the UID: %s", told)
			}
			uid := asked.object.GetUID()
			defer asked.object.SetUID(uid)
			for _, forged := range []string{"", "00000000-0000-4000-8000-000000000000"} {
				asked.object.SetUID(types.UID(forged))
				told := g.ask(t, asked.kind, asked.resource, asked.object)
				if !strings.HasPrefix(told, "["+asked.rule+"] metadata.name: the object in the request is not the stored one") || strings.Contains(told, asked.learned) {
					t.Errorf("with UID %q: %s", forged, told)
				}
			}
		})
	}
}

// ask has a DELETE evaluated without an API server, and returns the denial.
func (g guard) ask(t *testing.T, kind metav1.GroupVersionKind, resource string, object metav1.Object) string {
	t.Helper()
	old, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID: "stranger", Operation: admissionv1.Delete, Kind: kind,
			Resource:  metav1.GroupVersionResource{Group: kind.Group, Version: kind.Version, Resource: resource},
			Namespace: object.GetNamespace(), Name: object.GetName(), OldObject: runtime.RawExtension{Raw: old},
			UserInfo: authenticationv1.UserInfo{Username: "anyone"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := g.Ask(t.Context(), body)
	if err != nil {
		t.Fatal(err)
	}
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(answer, &review); err != nil {
		t.Fatal(err)
	}
	if review.Response == nil || review.Response.Result == nil {
		t.Fatalf("no denial: %+v", review.Response)
	}
	return review.Response.Result.Message
}
