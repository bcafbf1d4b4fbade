package decisionlog_test

import (
	"io"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/webhook"
	"github.com/stateward/stateward/webhook/decisionlog"
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
	world, asked := tutorial(b), request(b, reviews+"/"+file)
	var log *decisionlog.Log
	if mode != "none" {
		log, _ = newLog(io.Discard)
	}
	metrics, err := webhook.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		b.Fatal(err)
	}
	handler := &webhook.Handler{
		Policy: func() (*webhook.Policy, error) { return &webhook.Policy{Engine: decider, World: world}, nil },
		Door:   engine.ValidatingDoor, Now: time.Now, Metrics: metrics, Log: log,
	}
	b.ReportAllocs()
	waiting := 0
	for b.Loop() {
		handler.Handle(b.Context(), admission.Request{AdmissionRequest: *asked})
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
