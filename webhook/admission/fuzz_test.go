package admission

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/stateward/stateward/policies/engine"
)

// FuzzHandler proves that no body makes the webhook panic, and that nothing is allowed but what was read as a request
// with a uid, an operation that exists and all that this operation acts on.
func FuzzHandler(f *testing.F) {
	for _, body := range recordedReviews(f) {
		f.Add(body)
	}
	for _, body := range [][]byte{
		nil, []byte("null"), []byte("{}"), []byte("[]"), []byte("\x00"), []byte("k8s\x00"), laughter(),
		[]byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":null}`),
		[]byte(`{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":{"uid":"1","operation":"DELETE"}}`),
		[]byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"1","allowed":true}}`),
		[]byte("apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: {uid: 1, operation: CONNECT}\n"),
		spliced(f, deleteReview, `"metadata": {`, `"metadata": {"deletionTimestamp": 1, `),
		spliced(f, createReview, `"template": {`, `"template": null, "t": {`),
		spliced(f, scaleReview, `"replicas": `, `"replicas": 1e400, "r": `),
	} {
		f.Add(body)
	}
	handlers := map[string]*Handler{
		"validate": newHandler(f, engine.ValidatingPhase), "mutate": newHandler(f, engine.MutatingPhase),
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for phase, handler := range handlers {
			var seen *admissionv1.AdmissionRequest
			// Panics go through, where the server would recover from them.
			hook := (&admission.Webhook{Handler: admission.HandlerFunc(func(ctx context.Context, request admission.Request) admission.Response {
				seen = request.AdmissionRequest.DeepCopy()
				return handler.Handle(ctx, request)
			})}).WithRecoverPanic(false)
			recorder := httptest.NewRecorder()
			request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/"+phase, bytes.NewReader(body))
			request.Header.Set("Content-Type", contentType)
			newReviewHandler(hook).ServeHTTP(recorder, request)
			checkAnswer(t, seen, decode(t, recorder.Body))
		}
	})
}

// checkAnswer holds a response against the request that was read; nil where nothing was.
func checkAnswer(t *testing.T, request *admissionv1.AdmissionRequest, response *admissionv1.AdmissionResponse) {
	t.Helper()
	if request == nil {
		if response.Allowed || response.UID != "" {
			t.Errorf("allowed %v with uid %q, and nothing could be read", response.Allowed, response.UID)
		}
		return
	}
	if response.UID != request.UID {
		t.Errorf("uid %q, want %q", response.UID, request.UID)
	}
	if response.Allowed != (response.Result.Code == http.StatusOK) {
		t.Errorf("allowed %v with code %d", response.Allowed, response.Result.Code)
	}
	if response.Allowed && !evaluable(request) {
		t.Errorf("%s with uid %q, object %q and oldObject %q is allowed",
			request.Operation, request.UID, request.Object.Raw, request.OldObject.Raw)
	}
	if !response.Allowed && (response.Result.Message == "" || response.Patch != nil) {
		t.Errorf("it is refused with message %q and patch %q", response.Result.Message, response.Patch)
	}
	if len(response.Warnings) > maxWarnings {
		t.Errorf("%d warnings", len(response.Warnings))
	}
	for _, text := range response.Warnings {
		if length(text) > maxWarningLength {
			t.Errorf("warning of %d characters: %s", length(text), text)
		}
	}
}

// evaluable says what a request must have, in other words than the handler.
func evaluable(request *admissionv1.AdmissionRequest) bool {
	object, old := bytes.HasPrefix(request.Object.Raw, []byte("{")), bytes.HasPrefix(request.OldObject.Raw, []byte("{"))
	complete := map[admissionv1.Operation]bool{
		admissionv1.Create: object, admissionv1.Update: object && old, admissionv1.Delete: old, admissionv1.Connect: true,
	}
	return request.UID != "" && complete[request.Operation]
}
