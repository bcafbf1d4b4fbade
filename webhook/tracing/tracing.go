// Package tracing sends a span for each admission request to an OpenTelemetry collector, as a part of the trace of the API
// server that asked.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const (
	// exportTimeout bounds a call of the collector, and flushTimeout the last one.
	exportTimeout = 10 * time.Second
	flushTimeout  = 2 * time.Second
	// million is all requests.
	million = 1_000_000
)

// Options say where spans go.
type Options struct {
	// Endpoint is the URL of a collector that takes OTLP over HTTP; the path is /v1/traces where it has none.
	Endpoint string
	// PerMillion is how many of a million requests are traced that no API server's trace includes. Those of a trace follow
	// its own sampling.
	PerMillion int
	// Labels identify the process.
	Labels map[string]string
	Log    logr.Logger
}

// Tracer makes spans; nil makes none.
type Tracer struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// New returns a tracer, or nil without an endpoint. It does not wait for the collector. While that is unavailable, spans
// are dropped. An error is about invalid options.
func New(ctx context.Context, options Options) (*Tracer, error) {
	if options.Endpoint == "" {
		return nil, nil
	}
	endpoint, err := url.Parse(options.Endpoint)
	switch {
	case err != nil || endpoint.Host == "" || endpoint.Scheme != "http" && endpoint.Scheme != "https":
		return nil, fmt.Errorf("the endpoint %q must be a URL such as http://collector:4318", options.Endpoint)
	case options.PerMillion < 0 || options.PerMillion > million:
		return nil, fmt.Errorf("the sampling rate %d must be from 0 to %d", options.PerMillion, million)
	}
	if endpoint.Path == "" || endpoint.Path == "/" {
		endpoint.Path = "/v1/traces"
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint.String()), otlptracehttp.WithTimeout(exportTimeout))
	if err != nil {
		return nil, fmt.Errorf("trace to %s: %w", options.Endpoint, err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(&logged{SpanExporter: exporter, log: options.Log}),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(float64(options.PerMillion)/million))),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "stateward"),
			attribute.String("service.version", options.Labels["version"]),
			attribute.String("service.instance.id", options.Labels["id"]),
		)),
	)
	return &Tracer{provider: provider, tracer: provider.Tracer("github.com/stateward/stateward/webhook")}, nil
}

// Run sends what is left when ctx ends.
func (t *Tracer) Run(ctx context.Context) error {
	<-ctx.Done()
	if t == nil {
		return nil
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	// A collector that is away was named before, and keeps nothing from ending.
	_ = t.provider.Shutdown(last)
	return nil
}

// Handler makes a span for each request, in the trace that its headers name (W3C Trace Context).
func (t *Tracer) Handler(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := t.tracer.Start(ctx, r.Pattern, trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// logged says what the collector did not take, in the log of the process and not in a global one.
type logged struct {
	sdktrace.SpanExporter
	log logr.Logger
}

// ExportSpans drops what cannot be sent.
func (l *logged) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := l.SpanExporter.ExportSpans(ctx, spans)
	if err != nil && !errors.Is(err, context.Canceled) {
		l.log.Error(err, "spans were dropped", "spans", len(spans))
	}
	return nil
}
