package e2e_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/collector"
	"github.com/stateward/stateward/test/environment"
)

// apiServerTracing has the API server trace every request; Stateward's spans do not depend on where its own go.
const apiServerTracing = `apiVersion: apiserver.config.k8s.io/v1
kind: TracingConfiguration
endpoint: 127.0.0.1:1
samplingRatePerMillion: 1000000
`

func TestTraceOfADenialContinuesTheAPIServers(t *testing.T) {
	config := filepath.Join(t.TempDir(), "tracing.yaml")
	if err := os.WriteFile(config, []byte(apiServerTracing), 0o600); err != nil {
		t.Fatal(err)
	}
	collects := collector.ForTest(t)
	guarded := environment.ForTestWith(t, environment.Options{
		ServeArgs:     []string{"--tracing-endpoint", collects.URL, "--tracing-sampling-rate-per-million", "0"},
		APIServerArgs: []string{"--tracing-config-file=" + config},
	})
	g := newGuard(t, guarded)
	service := builders.HeadlessService()
	service.Namespace = g.namespace
	g.allowed(t, string(builders.JSON(service)), "create", "-f", "-")
	set := builders.MakeStatefulSet().Replicas(2)
	set.Namespace = g.namespace
	g.warnedOrAllowedWith(t, string(set.JSON()), "create", "-f", "-")
	g.denied(t, "partition-range", "patch", "statefulset", "web", "-p", beyondPatch)

	var denial *tracev1.Span
	eventually(t, "the span of the denial is at the collector", func(context.Context) (bool, error) {
		for _, span := range collects.Spans() {
			if attributes := collector.Attributes(span); attributes["stateward.decision"] == "denied" && attributes["stateward.name"] == "web" {
				denial = span
			}
		}
		return denial != nil, nil
	})
	if len(denial.GetParentSpanId()) != 8 {
		t.Error("the span is not a part of the API server's trace")
	}
	attributes := collector.Attributes(denial)
	deniedBy, _ := attributes["stateward.denied_by"].([]string)
	if !slices.Equal(deniedBy, []string{"partition-range"}) || attributes["stateward.operation"] != "UPDATE" {
		t.Errorf("attributes %v", attributes)
	}
	timed := slices.ContainsFunc(denial.GetEvents(), func(event *tracev1.Span_Event) bool {
		return event.GetName() == "rule" && slices.ContainsFunc(event.GetAttributes(), func(each *commonv1.KeyValue) bool {
			return each.GetValue().GetStringValue() == "partition-range"
		})
	})
	if !timed {
		t.Errorf("the rule's time is not in the span: %v", denial.GetEvents())
	}
}
