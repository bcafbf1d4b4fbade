// Package collector is an OpenTelemetry collector that keeps what it is sent.
package collector

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Collector takes OTLP over HTTP at URL.
type Collector struct {
	URL   string
	mutex sync.Mutex
	spans []*tracev1.Span
}

// ForTest runs a collector until the test ends.
func ForTest(t testing.TB) *Collector {
	t.Helper()
	collector := &Collector{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var sent collectortrace.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &sent)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			http.Error(w, "not OTLP", http.StatusBadRequest)
			return
		}
		collector.take(&sent)
	}))
	t.Cleanup(server.Close)
	collector.URL = server.URL
	return collector
}

func (c *Collector) take(sent *collectortrace.ExportTraceServiceRequest) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, resource := range sent.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
}

// Spans are those that have come.
func (c *Collector) Spans() []*tracev1.Span {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return append([]*tracev1.Span{}, c.spans...)
}

// Attributes are those of a span, with lists of texts as []string.
func Attributes(span *tracev1.Span) map[string]any {
	found := map[string]any{}
	for _, each := range span.GetAttributes() {
		switch value := each.GetValue(); {
		case value.GetArrayValue() != nil:
			texts := []string{}
			for _, element := range value.GetArrayValue().GetValues() {
				texts = append(texts, element.GetStringValue())
			}
			found[each.GetKey()] = texts
		case value.GetStringValue() == "" && value.GetBoolValue():
			found[each.GetKey()] = true
		default:
			found[each.GetKey()] = value.GetStringValue()
		}
	}
	return found
}
