package admission

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

func TestExtractObjectsReadsAReview(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		review, small string
		objects       objects
		ok            bool
	}{
		"an update": {
			`{"kind":"AdmissionReview","request":{"uid":"1","object":{"a":"}\"{"},"oldObject": {"b":[{}]} ,"options":null}}`,
			`{"kind":"AdmissionReview","request":{"uid":"1","object":{},"oldObject": {} ,"options":null}}`,
			objects{object: []byte(`{"a":"}\"{"}`), oldObject: []byte(`{"b":[{}]}`)}, true,
		},
		"no object at all":           {`{"request":{"uid":"1"}}`, `{"request":{"uid":"1"}}`, objects{}, true},
		"an object of another field": {`{"request":{"userInfo":{"object":{"a":1}}}}`, `{"request":{"userInfo":{"object":{"a":1}}}}`, objects{}, true},
		"two objects of one name":    {review: `{"request":{"object":{"a":1},"object":{"b":1}}}`},
		"two requests":               {review: `{"request":{"object":{"a":1}},"request":{}}`},
		"a name with escapes":        {review: `{"request":{"obj\u0065ct":{"a":1}}}`},
		"no request":                 {review: `{"response":{"object":{"a":1}}}`},
		"a request that is a list":   {review: `{"request":[]}`},
		"an object without an end":   {review: `{"request":{"object":{"a":"}}}`},
		"nothing":                    {review: ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			small, objects, ok := extractObjects([]byte(test.review))
			if !ok {
				small, objects = nil, test.objects
			}
			if ok != test.ok || string(small) != test.small {
				t.Errorf("cut to %s, %v", small, ok)
			}
			if diff := cmp.Diff(test.objects, objects, cmp.AllowUnexported(objects)); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzExtractObjects holds that a request is the same whether its objects were taken out on the way or not.
func FuzzExtractObjects(f *testing.F) {
	for _, name := range names(f) {
		f.Add(read(f, name+".json"))
	}
	for _, review := range []string{
		`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","object":{"a":"}\"{"},"oldObject":null,"options":{}}}`,
		`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","object":{},"object":null}}`,
		`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","Object":{"a":1},"object":{"b":1}}} x`,
	} {
		f.Add([]byte(review))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var direct, around *admissionv1.AdmissionRequest
		deliver(t, body, func(hook http.Handler) http.Handler { return hook }, &direct)
		deliver(t, body, splitReview, &around)
		if direct == nil && around != nil {
			// What is within the objects is read by the engine, which refuses what is no JSON.
			for _, object := range [][]byte{around.Object.Raw, around.OldObject.Raw, around.Options.Raw} {
				if len(object) > 0 && !json.Valid(object) {
					return
				}
			}
		}
		if diff := cmp.Diff(direct, around); diff != "" {
			t.Errorf("request (-whole +cut):\n%s", diff)
		}
	})
}

// deliver posts a body and keeps the request that arrives; nil where the body is refused.
func deliver(t *testing.T, body []byte, around func(http.Handler) http.Handler, arrived **admissionv1.AdmissionRequest) {
	t.Helper()
	hook := &admission.Webhook{Handler: admission.HandlerFunc(func(ctx context.Context, request admission.Request) admission.Response {
		joinReview(ctx, &request.AdmissionRequest)
		*arrived = request.DeepCopy()
		return admission.Allowed("")
	})}
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(body))
	request.Header.Set("Content-Type", contentType)
	around(hook).ServeHTTP(httptest.NewRecorder(), request)
}
