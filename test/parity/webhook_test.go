package parity_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	ctrladmission "sigs.k8s.io/controller-runtime/pkg/webhook/admission"
	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/webhook/admission"
	"github.com/stateward/stateward/webhook/metrics"
)

// handlers are the webhook's two phases.
type handlers struct {
	library *policies.Library
	engine  *engine.Engine
}

// plain is compiled once: most examples need no Guardrails.
var plain = sync.OnceValues(func() (handlers, error) { return compile("") })

// TestMain silences controller-runtime, which logs each request that it cannot read.
func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(m.Run())
}

func newHandlers(t *testing.T, guardrails string) handlers {
	t.Helper()
	made, err := plain()
	if guardrails != "" {
		made, err = compile(guardrails)
	}
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func compile(file string) (handlers, error) {
	library, err := policies.Embedded()
	if err != nil {
		return handlers{}, err
	}
	var guardrails *v1alpha1.Guardrails
	if file != "" {
		source, err := os.ReadFile(file)
		if err != nil {
			return handlers{}, err
		}
		raw, err := yaml.YAMLToJSON(source)
		if err != nil {
			return handlers{}, err
		}
		if guardrails, err = v1alpha1.ParseGuardrails(raw, library); err != nil {
			return handlers{}, err
		}
	}
	decider, err := engine.New(context.Background(), library, guardrails)
	return handlers{library, decider}, err
}

// inventoryOf holds what is there beside the requests.
func (h handlers) inventoryOf(t *testing.T, documents []unstructured.Unstructured) *inventory.Snapshot {
	t.Helper()
	inv := inventory.NewSnapshot("default", h.library.ManifestResources)
	for _, document := range documents {
		if document.GetKind() != "AdmissionReview" {
			if err := inv.Add(encode(t, document.Object)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return inv
}

// evaluate sends every document through both phases, in an inventory of all of them, as what it asks for itself or as a CREATE.
func (h handlers) evaluate(t *testing.T, documents []unstructured.Unstructured) map[string]bool {
	t.Helper()
	inv := h.inventoryOf(t, documents)
	found := map[string]bool{}
	for _, document := range documents {
		if document.GetKind() == "PodDisruptionBudget" {
			// Among manifests the finding about budgets is at the StatefulSet.
			continue
		}
		request, now := requestOf(t, document)
		for _, phase := range []engine.Phase{engine.MutatingPhase, engine.ValidatingPhase} {
			said, patch := h.ask(t, phase, inv, request, now)
			for _, each := range said {
				found[each] = true
			}
			// What is created passes the mutations first; what was recorded has done so.
			if len(patch) > 0 && document.GetKind() != "AdmissionReview" {
				request.Object.Raw = apply(t, patch, request.Object.Raw)
			}
		}
	}
	return found
}

// ask returns what one phase finds, and what it changes. What a rule mentions at the mutating phase it says again at the
// other.
func (h handlers) ask(
	t *testing.T, phase engine.Phase, inv inventory.Inventory, request admissionv1.AdmissionRequest, now time.Time,
) (found []string, patch []byte) {
	t.Helper()
	if request.Operation == policies.Inspect {
		return h.inspect(t, inv, request, now), nil
	}
	metrics, err := metrics.New(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	handler := &admission.Handler{
		Phase: phase, Metrics: metrics, Now: func() time.Time { return now },
		Policy: func() (*admission.Policy, error) { return &admission.Policy{Engine: h.engine, Inventory: inv}, nil },
	}
	response := handler.Handle(t.Context(), ctrladmission.Request{AdmissionRequest: request})
	if response.Result != nil && response.Result.Code >= 500 {
		t.Fatalf("could not be evaluated: %s", response.Result.Message)
	}
	var records []finding
	if text := response.AuditAnnotations["findings"]; text != "" {
		if err := json.Unmarshal([]byte(text), &records); err != nil {
			t.Fatal(err)
		}
	}
	review := engine.FromAdmission(&request, now)
	for _, each := range records {
		rule, _ := h.library.Rule(each.Rule)
		if phase == engine.MutatingPhase && rule.Kind != policies.Mutating {
			continue
		}
		each.Object.Kind, each.Object.Namespace, each.Object.Name = review.Kind, namespaceOf(request), nameOf(request)
		found = append(found, brief(each))
	}
	return found, response.Patch
}

// inspect is what an audit finds, which no API server asks for.
func (h handlers) inspect(t *testing.T, inv inventory.Inventory, request admissionv1.AdmissionRequest, now time.Time) (found []string) {
	t.Helper()
	review := engine.FromAdmission(&request, now)
	review.Phase = engine.ValidatingPhase
	decision, err := h.engine.Decide(t.Context(), review, inv)
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range decision.Findings {
		found = append(found, brief(finding{
			Rule: each.Rule, Level: string(each.Level), Field: each.Field,
			Object: struct{ Kind, Namespace, Name string }{each.Object.Kind, each.Object.Namespace, each.Object.Name},
		}))
	}
	return found
}

func apply(t *testing.T, patch, object []byte) []byte {
	t.Helper()
	decoded, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		t.Fatal(err)
	}
	patched, err := decoded.Apply(object)
	if err != nil {
		t.Fatal(err)
	}
	return patched
}

// requestOf is the request that a recorded AdmissionReview holds, or the creation of the object.
func requestOf(t *testing.T, document unstructured.Unstructured) (admissionv1.AdmissionRequest, time.Time) {
	t.Helper()
	if document.GetKind() == "AdmissionReview" {
		var recorded struct {
			Request   admissionv1.AdmissionRequest
			Stateward struct{ Time time.Time }
		}
		if err := json.Unmarshal(encode(t, document.Object), &recorded); err != nil {
			t.Fatal(err)
		}
		recorded.Request.UID = "1"
		return recorded.Request, recorded.Stateward.Time
	}
	kind := document.GroupVersionKind()
	resource, _ := policies.ResourceOfKind(kind.Group, kind.Kind)
	namespace := document.GetNamespace()
	if namespace == "" && resource.Namespaced {
		namespace = "default"
	}
	return admissionv1.AdmissionRequest{
		// What is confirmed in a manifest was confirmed by whom it names.
		UserInfo: authenticationv1.UserInfo{Username: document.GetAnnotations()["stateward.dev/confirmed-by"]},
		UID:      "1", Operation: admissionv1.Create, Namespace: namespace, Name: document.GetName(),
		Kind:     metav1.GroupVersionKind{Group: kind.Group, Version: kind.Version, Kind: kind.Kind},
		Resource: metav1.GroupVersionResource{Group: kind.Group, Version: kind.Version, Resource: resource.Name},
		Object:   runtime.RawExtension{Raw: encode(t, document.Object)},
	}, time.Now()
}

// namespaceOf reads the namespace as the rules do: what belongs to an object of a namespace is in that one.
func namespaceOf(request admissionv1.AdmissionRequest) string {
	var object struct {
		Spec struct {
			ClaimRef, VolumeSnapshotRef struct{ Namespace string }
		}
	}
	raw := request.OldObject.Raw
	if len(raw) == 0 || string(raw) == "null" {
		raw = request.Object.Raw
	}
	// What is no object names no other.
	_ = json.Unmarshal(raw, &object)
	return cmp.Or(request.Namespace, object.Spec.ClaimRef.Namespace, object.Spec.VolumeSnapshotRef.Namespace, "default")
}

// nameOf reads the name as the rules do, from the objects.
func nameOf(request admissionv1.AdmissionRequest) string {
	for _, raw := range [][]byte{request.OldObject.Raw, request.Object.Raw} {
		var object struct {
			Metadata struct{ Name, GenerateName string }
		}
		if err := json.Unmarshal(raw, &object); err != nil || len(raw) == 0 || string(raw) == "null" {
			continue
		}
		if object.Metadata.Name == "" && object.Metadata.GenerateName != "" {
			return object.Metadata.GenerateName + "xxxxx"
		}
		return object.Metadata.Name
	}
	return request.Name
}

// fillIn asks the API server what it would store; false where it takes not all of the documents, or they are reviews.
func fillIn(t *testing.T, server *cluster.Cluster, documents []unstructured.Unstructured) (filled []unstructured.Unstructured, ok bool) {
	t.Helper()
	for _, document := range documents {
		if document.GetKind() == "AdmissionReview" {
			return nil, false
		}
		document = *document.DeepCopy()
		namespace := document.GetNamespace()
		if namespace != "" {
			document.SetNamespace("default")
		}
		output, err := server.KubectlWithInput(t.Context(), bytes.NewReader(encode(t, document.Object)), "create", "--dry-run=server", "-o", "json", "-f", "-")
		if err != nil {
			t.Fatal(err)
		}
		if output.ExitCode != 0 {
			return nil, false
		}
		var stored unstructured.Unstructured
		if err := json.Unmarshal([]byte(output.Stdout), &stored.Object); err != nil {
			t.Fatal(err)
		}
		if namespace != "" {
			stored.SetNamespace(namespace)
		}
		filled = append(filled, stored)
	}
	return filled, true
}

func encode(t *testing.T, object map[string]any) []byte {
	t.Helper()
	encoded, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}
