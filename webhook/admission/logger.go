package admission

import (
	"context"

	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// newWebhook returns a webhook that makes no logger for each request: few requests write a line, and those call loggerOf.
func newWebhook(handler admission.Handler) *admission.Webhook {
	plain := func(base logr.Logger, _ *admission.Request) logr.Logger { return base }
	return &admission.Webhook{Handler: handler, LogConstructor: plain}
}

// loggerOf returns a logger with the object, the resource and the user of a request.
func loggerOf(ctx context.Context, request *admissionv1.AdmissionRequest) logr.Logger {
	return admission.DefaultLogConstructor(log.FromContext(ctx), &admission.Request{AdmissionRequest: *request})
}
