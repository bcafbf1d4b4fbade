package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/utils/ptr"

	"github.com/stateward/stateward/policies/engine"
)

// Request is the span of an admission request; nil where it is not traced. It holds neither the user nor anything of the
// objects but their names.
type Request struct {
	span trace.Span
	// timings are those of the rules.
	timings *engine.Timings
}

// Of is the span of the request that ctx is of.
func Of(ctx context.Context, asked *admissionv1.AdmissionRequest) *Request {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return nil
	}
	resource := asked.Resource.Resource
	if asked.SubResource != "" {
		resource += "/" + asked.SubResource
	}
	span.SetAttributes(
		attribute.String("stateward.request.uid", string(asked.UID)),
		attribute.String("stateward.operation", string(asked.Operation)),
		attribute.String("stateward.resource", resource),
		attribute.String("k8s.namespace.name", asked.Namespace),
		attribute.String("stateward.name", asked.Name),
		attribute.Bool("stateward.dry_run", ptr.Deref(asked.DryRun, false)),
	)
	return &Request{span: span}
}

// Prepared has the rules' time taken.
func (r *Request) Prepared(prepared *engine.Prepared) {
	if r != nil {
		r.timings = prepared.Time()
	}
}

// Decided adds the decision and how long each rule took, as one event a rule.
func (r *Request) Decided(decision engine.Decision) {
	if r == nil {
		return
	}
	r.span.SetAttributes(
		attribute.StringSlice("stateward.denied_by", decision.DeniedBy()),
		attribute.String("stateward.library.revision", decision.Library),
		attribute.String("stateward.guardrails.revision", decision.Guardrails),
	)
	if r.timings == nil {
		return
	}
	for _, each := range r.timings.List {
		r.span.AddEvent("rule", trace.WithAttributes(attribute.String("stateward.rule", each.Rule), attribute.Int64("stateward.duration_ns", each.Took.Nanoseconds())))
	}
}

// Ended adds how the request of ctx was answered: allowed, denied, or that it could not be evaluated, which is an error.
func Ended(ctx context.Context, decision string, failed bool) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(attribute.String("stateward.decision", decision))
	if failed {
		span.SetStatus(codes.Error, decision)
	}
}
