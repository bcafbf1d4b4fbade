// Package decisions makes decision logs of the recorded requests.
package decisions

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	ctrladmission "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/webhook/admission"
	"github.com/stateward/stateward/webhook/decisionlog"
	"github.com/stateward/stateward/webhook/metrics"
)

// Now is when the recorded requests are decided.
func Now() time.Time { return time.Date(2026, time.November, 23, 5, 0, 0, 0, time.UTC) }

// Engine decides under Guardrails of this spec.
func Engine(t testing.TB, spec string) *engine.Engine {
	t.Helper()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	guardrails, err := v1alpha1.ParseGuardrails(
		[]byte(`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","metadata":{"name":"stateward"},"spec":`+spec+`}`), library)
	if err != nil {
		t.Fatal(err)
	}
	decider, err := engine.New(t.Context(), library, guardrails)
	if err != nil {
		t.Fatal(err)
	}
	return decider
}

// Requests are the recorded ones by their files, in order, with the objects as they were then.
func Requests(t testing.TB) (requests []*admissionv1.AdmissionRequest, inv *inventory.Snapshot) {
	t.Helper()
	root, err := cluster.Root()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, "test", "testdata", "reviews", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	inv = inventory.NewSnapshot("default", Engine(t, `{}`).Reads())
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var review admissionv1.AdmissionReview
		if err := json.Unmarshal(raw, &review); err != nil {
			t.Fatal(err)
		}
		requests = append(requests, review.Request)
		if review.Request.Operation == admissionv1.Delete {
			if err := inv.Add(review.Request.OldObject.Raw); err != nil {
				t.Fatal(err)
			}
		}
	}
	return requests, inv
}

// Log is the log of the recorded requests under Guardrails of this spec, at the validating entry point.
func Log(t testing.TB, spec string) []byte {
	t.Helper()
	requests, inv := Requests(t)
	var out bytes.Buffer
	log := decisionlog.New(decisionlog.Options{Out: &out, Warn: admission.Warnings, Count: func(string) {}, Log: logr.Discard()})
	metrics, err := metrics.New(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	decider := Engine(t, spec)
	handler := &admission.Handler{
		Policy: func() (*admission.Policy, error) { return &admission.Policy{Engine: decider, Inventory: inv}, nil },
		Phase:  engine.ValidatingPhase, Metrics: metrics, Log: log, Now: Now,
	}
	for _, each := range requests {
		handler.Handle(t.Context(), ctrladmission.Request{AdmissionRequest: *each})
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := log.Run(ended); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
