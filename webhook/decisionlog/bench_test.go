package decisionlog_test

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	ctrladmission "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/webhook/admission"
	"github.com/stateward/stateward/webhook/decisionlog"
	"github.com/stateward/stateward/webhook/metrics"
)

// BenchmarkHandler measures a request at the handler without a log, with one that is off, and with one that records
// everything; "and write" has the writing in it, which goes on beside the requests otherwise.
func BenchmarkHandler(b *testing.B) {
	for _, file := range []string{"02-scale-up.json", "04-image-patch.json"} {
		for _, mode := range []string{"none", "Off", "All", "All and write"} {
			b.Run(file+"/"+mode, func(b *testing.B) { handle(b, file, mode) })
		}
	}
}

func handle(b *testing.B, file, mode string) {
	written := "Off"
	if mode != "none" && mode != "Off" {
		written = "All"
	}
	decider := newEngine(b, `{"mode":"`+written+`"}`)
	inv, asked := tutorial(b), compact(b, request(b, reviews+"/"+file))
	var log *decisionlog.Log
	if mode != "none" {
		log, _ = newLog(io.Discard)
	}
	metrics, err := metrics.New(prometheus.NewRegistry())
	if err != nil {
		b.Fatal(err)
	}
	handler := &admission.Handler{
		Policy: func() (*admission.Policy, error) { return &admission.Policy{Engine: decider, Inventory: inv}, nil },
		Phase:  engine.ValidatingPhase, Now: time.Now, Metrics: metrics, Log: log,
	}
	b.ReportAllocs()
	waiting := 0
	for b.Loop() {
		handler.Handle(b.Context(), ctrladmission.Request{AdmissionRequest: *asked})
		if waiting++; mode == "All and write" || waiting == 512 {
			if mode != "All and write" {
				b.StopTimer()
			}
			if log != nil {
				finish(b, log)
			}
			b.StartTimer()
			waiting = 0
		}
	}
}

// compact returns a request as an API server sends it, without white space.
func compact(b *testing.B, asked *admissionv1.AdmissionRequest) *admissionv1.AdmissionRequest {
	b.Helper()
	for _, raw := range []*[]byte{&asked.Object.Raw, &asked.OldObject.Raw, &asked.Options.Raw} {
		var text bytes.Buffer
		if err := json.Compact(&text, *raw); err != nil && len(*raw) > 0 {
			b.Fatal(err)
		}
		*raw = text.Bytes()
	}
	return asked
}
