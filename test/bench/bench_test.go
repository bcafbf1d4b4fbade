// Package bench_test measures what a decision costs, beside a webhook that decides nothing. Run it with `make bench-decisions`;
// only the ratios within one run mean something.
package bench_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/webhook/admission"
	"github.com/stateward/stateward/webhook/metrics"
)

// reviews are recorded requests: the usual update, a scale, a creation and a deletion that is denied.
func reviews() []review {
	return []review{
		{"update", "04-image-patch.json"}, {"scale", "02-scale-up.json"},
		{"create", "10-create-statefulset.json"}, {"delete", "11-delete-background.json"},
	}
}

type review struct{ name, file string }

func BenchmarkDecide(b *testing.B) {
	decider, inv := newEngine(b)
	for _, each := range reviews() {
		review := recorded(b, each)
		b.Run(each.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decider.Decide(b.Context(), review, inv); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRoundTrip measures whole requests over TLS on loopback, client and server together: "null" reads the body
// and answers what it always answers, "stateward" decides.
func BenchmarkRoundTrip(b *testing.B) {
	decider, inv := newEngine(b)
	metrics, err := metrics.New(prometheus.NewRegistry())
	if err != nil {
		b.Fatal(err)
	}
	stateward := &admission.Handler{
		Phase: engine.ValidatingPhase, Metrics: metrics,
		Now:    time.Now,
		Policy: func() (*admission.Policy, error) { return &admission.Policy{Engine: decider, Inventory: inv}, nil },
	}
	nothing, deciding := httptest.NewTLSServer(http.HandlerFunc(null)), httptest.NewTLSServer(stateward.HTTP())
	defer nothing.Close()
	defer deciding.Close()
	for _, each := range reviews() {
		body := read(b, each.file)
		b.Run(each.name, func(b *testing.B) {
			b.ReportAllocs()
			// Both are asked in turn, so that whatever else the machine does slows both.
			var null, stateward time.Duration
			for b.Loop() {
				null += post(b, nothing, body)
				stateward += post(b, deciding, body)
			}
			b.ReportMetric(float64(null.Microseconds())/float64(b.N), "null-us")
			b.ReportMetric(float64(stateward.Microseconds())/float64(b.N), "stateward-us")
			b.ReportMetric(float64(stateward)/float64(null), "times-null")
		})
	}
}

// recorded is a request as the validating phase takes it.
func recorded(b testing.TB, from review) engine.Request {
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(read(b, from.file), &review); err != nil {
		b.Fatal(err)
	}
	asked := engine.FromAdmission(review.Request, time.Unix(1800000000, 0))
	asked.Phase = engine.ValidatingPhase
	return asked
}

func null(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	_, _ = io.WriteString(w, `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"0","allowed":true}}`)
}

func post(b *testing.B, server *httptest.Server, body []byte) time.Duration {
	started := time.Now()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, server.URL+"/validate?timeout=5s", bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := server.Client().Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		b.Fatalf("status %d, %v", response.StatusCode, err)
	}
	return time.Since(started)
}

func newEngine(b testing.TB) (*engine.Engine, inventory.Inventory) {
	library, err := policies.Embedded()
	if err != nil {
		b.Fatal(err)
	}
	decider, err := engine.New(b.Context(), library, nil)
	if err != nil {
		b.Fatal(err)
	}
	inv := inventory.NewSnapshot("default", []string{"services", "statefulsets"})
	for _, object := range []json.RawMessage{builders.JSON(builders.HeadlessService()), builders.MakeStatefulSet().JSON()} {
		if err := inv.Add(object); err != nil {
			b.Fatal(err)
		}
	}
	return decider, inv
}

func read(b testing.TB, file string) []byte {
	source, err := os.ReadFile("../testdata/reviews/" + file)
	if err != nil {
		b.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, source); err != nil {
		b.Fatal(err)
	}
	return compact.Bytes()
}
