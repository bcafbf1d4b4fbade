package cluster

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
)

const newSet = `{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "new", "namespace": "data"}, "spec": {
	"serviceName": "a", "replicas": 2, "selector": {"matchLabels": {"app": "new"}},
	"template": {"metadata": {"labels": {"app": "new"}}, "spec": {"containers": [{"name": "db", "image": "db:1"}]}},
	"volumeClaimTemplates": [
		{"metadata": {"name": "v"}, "spec": {"storageClassName": "a"}},
		{"metadata": {"name": "w"}, "spec": {"storageClassName": "b"}}]}}`

// lookingUp are requests whose rules look up what may not be cached.
func lookingUp() []*admissionv1.AdmissionRequest {
	deletion := func(kind, resource, namespace, name string) *admissionv1.AdmissionRequest {
		old := fmt.Sprintf(`{"apiVersion": "v1", "kind": %q, "metadata": {"name": %q, "namespace": %q, "uid": "1"}, "spec": {}}`, kind, name, namespace)
		return &admissionv1.AdmissionRequest{
			UID: "1", Operation: admissionv1.Delete, Namespace: "data", Name: name, OldObject: runtime.RawExtension{Raw: []byte(old)},
			Kind: metav1.GroupVersionKind{Version: "v1", Kind: kind}, Resource: metav1.GroupVersionResource{Version: "v1", Resource: resource},
		}
	}
	return []*admissionv1.AdmissionRequest{
		deletion("Service", "services", "data", "a"),
		deletion("Namespace", "namespaces", "", "data"),
		deletion("PersistentVolumeClaim", "persistentvolumeclaims", "data", "v-a-0"),
		{
			UID: "1", Operation: admissionv1.Create, Namespace: "data", Name: "new", Object: runtime.RawExtension{Raw: []byte(newSet)},
			Kind:     metav1.GroupVersionKind{Group: "apps", Version: "v1", Kind: "StatefulSet"},
			Resource: metav1.GroupVersionResource{Group: "apps", Version: "v1", Resource: "statefulsets"},
		},
	}
}

// decided is a decision with what is recorded of it.
type decided struct {
	Decision   engine.Decision
	Err, Reads string
}

// decide evaluates a request until the answers count.
func decide(t *testing.T, by *engine.Engine, request *admissionv1.AdmissionRequest, inv inventory.Live, settle func() bool) decided {
	t.Helper()
	prepared, err := by.Prepare(engine.FromAdmission(request, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
	if err != nil {
		t.Fatal(err)
	}
	recorded := prepared.Record()
	decision, err := by.Evaluate(t.Context(), prepared, inv)
	for !settle() {
		decision, err = by.Evaluate(t.Context(), prepared, inv)
	}
	return decided{decision, fmt.Sprint(err), fmt.Sprint(recorded.Reads, recorded.Unknown)}
}

// TestAheadDecidesAsSequentialLookUpsDo uses the built-in rules.
func TestAheadDecidesAsSequentialLookUpsDo(t *testing.T) {
	t.Parallel()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	rules, err := engine.New(t.Context(), library, nil)
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[bool]int{}
	for seed := range uint64(200) {
		stored, cached, fails := randomCluster(rand.New(rand.NewPCG(seed, 1)))
		for _, request := range lookingUp() {
			one, all := &store{stored: stored, fails: fails}, &store{stored: stored, fails: fails}
			want := decide(t, rules, request, one.inventory(t, cached), func() bool { return true })
			ahead, settle := all.inventory(t, cached).Ahead(t.Context())
			if diff := cmp.Diff(want, decide(t, rules, request, ahead, settle)); diff != "" {
				t.Fatalf("seed %d, %s of %s (-want +got):\n%s", seed, request.Operation, request.Resource.Resource, diff)
			}
			allowed[want.Decision.Allowed]++
		}
	}
	if allowed[true] == 0 || allowed[false] == 0 {
		t.Errorf("allowed %v: the requests show nothing", allowed)
	}
}
