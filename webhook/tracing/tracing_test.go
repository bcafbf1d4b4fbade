package tracing_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/test/collector"
	"github.com/stateward/stateward/webhook/tracing"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"
)

// traced sends a request with these headers through a tracer, and ends it.
func traced(t *testing.T, options tracing.Options, header string, answers http.HandlerFunc) {
	t.Helper()
	tracer, err := tracing.New(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	asked := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/validate", nil)
	asked.Pattern = "/validate"
	if header != "" {
		asked.Header.Set("Traceparent", header)
	}
	tracer.Handler(answers).ServeHTTP(httptest.NewRecorder(), asked)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := tracer.Run(ended); err != nil {
		t.Fatal(err)
	}
}

func TestTracerContinuesTheTraceOfTheAPIServer(t *testing.T) {
	t.Parallel()
	collects := collector.ForTest(t)
	dry := true
	traced(t, tracing.Options{Endpoint: collects.URL}, "00-"+traceID+"-"+spanID+"-01", func(_ http.ResponseWriter, r *http.Request) {
		request := tracing.Of(r.Context(), &admissionv1.AdmissionRequest{
			UID: "u", Operation: admissionv1.Update, Resource: metav1.GroupVersionResource{Resource: "statefulsets"}, SubResource: "scale",
			Namespace: "data", Name: "web", DryRun: &dry,
		})
		request.Decided(engine.Decision{Library: "l", Guardrails: "g", Findings: []engine.Finding{
			{Rule: "quorum", Level: policies.Deny}, {Rule: "scale-down", Level: policies.Warn},
		}})
		tracing.Ended(r.Context(), "denied", false)
	})
	spans := collects.Spans()
	if len(spans) != 1 || hex.EncodeToString(spans[0].GetTraceId()) != traceID || hex.EncodeToString(spans[0].GetParentSpanId()) != spanID || spans[0].GetName() != "/validate" {
		t.Fatalf("spans %v", spans)
	}
	if diff := cmp.Diff(map[string]any{
		"stateward.request.uid": "u", "stateward.operation": "UPDATE", "stateward.resource": "statefulsets/scale", "k8s.namespace.name": "data",
		"stateward.name": "web", "stateward.dry_run": true, "stateward.denied_by": []string{"quorum"}, "stateward.library.revision": "l",
		"stateward.guardrails.revision": "g", "stateward.decision": "denied",
	}, collector.Attributes(spans[0])); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
}

func TestTracerFollowsTheSamplingOfTheAPIServer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		header     string
		perMillion int
		want       int
	}{
		"sampled there":                {"00-" + traceID + "-" + spanID + "-01", 0, 1},
		"not sampled there":            {"00-" + traceID + "-" + spanID + "-00", 1_000_000, 0},
		"not traced there":             {"", 1_000_000, 1},
		"not traced there, and none":   {"", 0, 0},
		"a header that is not a trace": {"00-zz", 1_000_000, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			collects := collector.ForTest(t)
			traced(t, tracing.Options{Endpoint: collects.URL + "/", PerMillion: test.perMillion}, test.header, func(_ http.ResponseWriter, r *http.Request) {
				tracing.Ended(r.Context(), "error", true)
			})
			if got := len(collects.Spans()); got != test.want {
				t.Errorf("%d spans, not %d", got, test.want)
			}
		})
	}
}

func TestTracerReportsAnUnreachableCollector(t *testing.T) {
	t.Parallel()
	away := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(away.Close)
	var said bytes.Buffer
	traced(t, tracing.Options{
		Endpoint: away.URL, PerMillion: 1_000_000, Log: logr.FromSlogHandler(slog.NewTextHandler(&said, nil)),
	}, "", func(http.ResponseWriter, *http.Request) {})
	if !strings.Contains(said.String(), "spans were dropped") {
		t.Errorf("the log is %q", &said)
	}
}

func TestTracerRejectsInvalidCollectors(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]tracing.Options{
		`the endpoint "collector:4317" must be a URL such as http://collector:4318`:        {Endpoint: "collector:4317"},
		`the endpoint "grpc://collector:4317" must be a URL such as http://collector:4318`: {Endpoint: "grpc://collector:4317"},
		"the sampling rate 1000001 must be from 0 to 1000000":                              {Endpoint: "http://collector:4318", PerMillion: 1_000_001},
		"the sampling rate -1 must be from 0 to 1000000":                                   {Endpoint: "http://collector:4318", PerMillion: -1},
	} {
		if _, err := tracing.New(t.Context(), options); err == nil || err.Error() != name {
			t.Errorf("%+v: %v", options, err)
		}
	}
}

func TestTracerThatIsOffDoesNothing(t *testing.T) {
	t.Parallel()
	called := false
	traced(t, tracing.Options{}, "00-"+traceID+"-"+spanID+"-01", func(_ http.ResponseWriter, r *http.Request) {
		called = true
		request := tracing.Of(r.Context(), &admissionv1.AdmissionRequest{})
		request.Prepared(&engine.Prepared{})
		request.Decided(engine.Decision{})
		tracing.Ended(r.Context(), "allowed", false)
		if request != nil {
			t.Error("there is a span")
		}
	})
	if !called {
		t.Error("the request was not answered")
	}
}
