package replay

import (
	"bytes"
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/decisions"
	"github.com/stateward/stateward/webhook/decisionlog"
)

// repeated is how many records a benchmark's log holds.
const repeated = 2000

// BenchmarkReplay measures records a second beside `Decide` alone on the same requests, on all processors: only their ratio
// means something.
func BenchmarkReplay(b *testing.B) {
	records := map[string][]byte{}
	log := decisions.Log(b, all)
	guardrails, _, _ := bytes.Cut(log, []byte("\n"))
	for line := range bytes.Lines(log) {
		record, err := decisionlog.Parse(line)
		if err != nil {
			b.Fatal(err)
		}
		switch {
		case record.IsGuardrails():
		case record.Request.SubResource == "scale":
			records["scale"] = line
		case record.Request.Operation == admissionv1.Update && len(line) > len(records["update"]):
			records["update"] = line
		}
	}
	decider, library := decisions.Engine(b, all), builders.Library(b)
	for _, name := range []string{"scale", "update"} {
		line := records[name]
		whole := slices.Concat(guardrails, []byte("\n"), bytes.Repeat(line, repeated))
		b.Run(name, func(b *testing.B) {
			var alone, replayed time.Duration
			for b.Loop() {
				alone += decideAll(b, decider, line)
				started := time.Now()
				if summary := replay(b, whole, Options{Library: library, Verify: true}); summary.Count(Same) != repeated {
					b.Fatal(counts(summary))
				}
				replayed += time.Since(started)
			}
			rate := func(took time.Duration) float64 { return float64(repeated*b.N) / took.Seconds() }
			b.ReportMetric(rate(alone), "decide/s")
			b.ReportMetric(rate(replayed), "replay/s")
			b.ReportMetric(100*rate(replayed)/rate(alone), "%of-decide")
			b.ReportMetric(float64(len(line)), "B/record")
		})
	}
}

// decideAll decides the request of a record as often as a log holds it.
func decideAll(b *testing.B, decider *engine.Engine, line []byte) time.Duration {
	record, err := decisionlog.Parse(line)
	if err != nil {
		b.Fatal(err)
	}
	_, inv := decisions.Requests(b)
	request := record.EngineRequest()
	started := time.Now()
	var workers sync.WaitGroup
	processors := runtime.GOMAXPROCS(0)
	for range processors {
		workers.Go(func() {
			for range repeated / processors {
				if _, err := decider.Decide(context.Background(), request, inv); err != nil {
					b.Error(err)
				}
			}
		})
	}
	workers.Wait()
	return time.Since(started)
}
