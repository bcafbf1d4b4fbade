package admission

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/stateward/stateward/policies/engine"
)

// inReview is a review of a request with these fields.
func inReview(fields string) string {
	return `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{` + fields + `}}`
}

func TestDecodeReviewReadsEachField(t *testing.T) {
	t.Parallel()
	review := inReview(`
		"uid": "1", "kind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
		"resource": {"group": "apps", "version": "v1", "resource": "statefulsets"}, "subResource": "scale",
		"requestKind": {"group": "apps", "version": "v1", "kind": "StatefulSet", "later": []},
		"requestResource": {"group": "apps", "version": "v1", "resource": "statefulsets"}, "requestSubResource": "scale",
		"name": "web", "namespace": "prod", "operation": "UPDATE",
		"userInfo": {
			"username": "R\u0026D \"Zoë\"", "uid": "7", "groups": ["a", "b"],
			"extra": {"authentication.kubernetes.io/pod-name": ["web-0"], "none": []}
		},
		"object": {"a": "}\"{"}, "oldObject": {"b": [{}]}, "dryRun": false, "options": null, "later": {"uid": 2}`)
	want := admissionv1.AdmissionRequest{
		UID:             "1",
		Kind:            metav1.GroupVersionKind{Group: "autoscaling", Version: "v1", Kind: "Scale"},
		Resource:        metav1.GroupVersionResource{Group: "apps", Version: "v1", Resource: "statefulsets"},
		SubResource:     "scale",
		RequestKind:     &metav1.GroupVersionKind{Group: "apps", Version: "v1", Kind: "StatefulSet"},
		RequestResource: &metav1.GroupVersionResource{Group: "apps", Version: "v1", Resource: "statefulsets"}, RequestSubResource: "scale",
		Name: "web", Namespace: "prod", Operation: admissionv1.Update,
		UserInfo: authenticationv1.UserInfo{
			Username: `R&D "Zoë"`, UID: "7", Groups: []string{"a", "b"},
			Extra: map[string]authenticationv1.ExtraValue{"authentication.kubernetes.io/pod-name": {"web-0"}, "none": {}},
		},
		DryRun: ptr.To(false),
	}
	want.Object.Raw, want.OldObject.Raw = []byte(`{"a": "}\"{"}`), []byte(`{"b": [{}]}`)
	got, ok := decodeReview([]byte(review))
	if diff := cmp.Diff(want, got.AdmissionRequest); !ok || diff != "" {
		t.Errorf("%v, request (-want +got):\n%s", ok, diff)
	}
}

// TestDecodeReviewReadsWhatAPIServersSend keeps reviews from falling back, which takes longer.
func TestDecodeReviewReadsWhatAPIServersSend(t *testing.T) {
	t.Parallel()
	for name, body := range recordedReviews(t) {
		if _, ok := decodeReview(body); !ok {
			t.Errorf("%s is not decoded", name)
		}
	}
}

func TestDecodeReviewLeavesOtherFormsToTheLibrary(t *testing.T) {
	t.Parallel()
	for name, review := range map[string]string{
		"nothing":                            ``,
		"an older version":                   `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","request":{}}`,
		"another kind":                       `{"kind":"Pod","apiVersion":"admission.k8s.io/v1","request":{}}`,
		"no kind":                            `{"apiVersion":"admission.k8s.io/v1","request":{}}`,
		"two kinds":                          `{"kind":"AdmissionReview","kind":"Pod","apiVersion":"admission.k8s.io/v1","request":{}}`,
		"a kind in another case":             `{"kind":"AdmissionReview","Kind":"Pod","apiVersion":"admission.k8s.io/v1","request":{}}`,
		"a response":                         `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{},"request":{}}`,
		"a request that is null":             `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":null}`,
		"a request that is a list":           `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":[]}`,
		"something behind":                   inReview(``) + "x",
		"a NUL behind":                       inReview(``) + "\x00",
		"a comma too many":                   inReview(`"uid":"1",`),
		"a uid that is null":                 inReview(`"uid":null`),
		"two uids":                           inReview(`"uid":"1","uid":"2"`),
		"a name with escapes":                inReview(`"obj\u0065ct":{"a":1}`),
		"an unknown name with a line break":  inReview("\"a\n\":1"),
		"an unknown field that is no JSON":   inReview(`"later":nul`),
		"an unknown field of great length":   inReview(`"later":"` + strings.Repeat("a", maxUnknown) + `"`),
		"a text with a line break":           inReview("\"uid\":\"1\n\""),
		"a text with a wrong escape":         inReview(`"uid":"\x"`),
		"two objects":                        inReview(`"object":{"a":1},"object":{"b":1}`),
		"an object without an end":           inReview(`"object":{"a":"}`),
		"an object that is a list":           inReview(`"object":[]`),
		"two lists of groups":                inReview(`"userInfo":{"groups":[],"groups":[]}`),
		"a group that is a number":           inReview(`"userInfo":{"groups":[1]}`),
		"two extras":                         inReview(`"userInfo":{"extra":{},"extra":{}}`),
		"two values under one name in extra": inReview(`"userInfo":{"extra":{"a":[],"a":[]}}`),
		"a dry run that is a string":         inReview(`"dryRun":"true"`),
		"two dry runs":                       inReview(`"dryRun":true,"dryRun":false`),
	} {
		if _, ok := decodeReview([]byte(review)); ok {
			t.Errorf("%s is decoded", name)
		}
	}
}

// recordedReviews are all reviews that were recorded, by name.
func recordedReviews(t testing.TB) map[string][]byte {
	t.Helper()
	recorded := map[string][]byte{}
	for _, name := range names(t) {
		recorded[name] = read(t, name+".json")
	}
	for line := range bytes.Lines(read(t, "controllers.jsonl")) {
		recorded["controllers.jsonl: "+string(line[:min(len(line), 200)])] = line
	}
	return recorded
}

// FuzzDecodeReview proves that a request is the same as the one that controller-runtime decodes.
func FuzzDecodeReview(f *testing.F) {
	for _, body := range recordedReviews(f) {
		f.Add(body)
	}
	for _, fields := range []string{
		`"uid":"1","object":{"a":"}\"{"},"oldObject":null,"options":{}`,
		`"uid":"1","object":{},"object":null`,
		`"uid":"1","Object":{"a":1},"object":{"b":1}`,
		`"kind":{"group":"a"},"kind":{"version":"b","Kind":1},"requestKind":{"kind":"\ud800"},"requestKind":{}`,
		`"userInfo":{"username":"\u0026\n","groups":[],"extra":{"a":[""],"b":[]}},"dryRun":true`,
		"\"uid\":\"\xff\",\"later\":[1e9,{\"a\":[]}]",
	} {
		f.Add([]byte(inReview(fields)))
		f.Add([]byte(inReview(fields) + " x"))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, ok := decodeReview(body)
		if !ok {
			return
		}
		want := delivered(t, body)
		if want == nil {
			// What is within the objects is read by the engine, which refuses what is no JSON.
			for _, object := range [][]byte{got.Object.Raw, got.OldObject.Raw, got.Options.Raw} {
				if len(object) > 0 && !json.Valid(object) {
					return
				}
			}
			t.Fatalf("controller-runtime refuses what was decoded: %q", body)
		}
		if diff := cmp.Diff(*want, got.AdmissionRequest); diff != "" {
			t.Errorf("request (-controller-runtime +decoded):\n%s", diff)
		}
	})
}

func TestReviewHandlerAnswersAsControllerRuntimeDoes(t *testing.T) {
	t.Parallel()
	hook := &admission.Webhook{Handler: newHandler(t, engine.ValidatingPhase)}
	answer := func(handler http.Handler, body []byte) string {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(body))
		request.Header.Set("Content-Type", contentType)
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		return recorder.Body.String()
	}
	for name, body := range recordedReviews(t) {
		if diff := cmp.Diff(answer(hook, body), answer(newReviewHandler(hook), body)); diff != "" {
			t.Errorf("%s (-controller-runtime +Stateward):\n%s", name, diff)
		}
	}
}

// delivered posts a body to controller-runtime alone and returns the request that arrives; nil where the body is refused.
func delivered(t *testing.T, body []byte) (arrived *admissionv1.AdmissionRequest) {
	t.Helper()
	hook := &admission.Webhook{Handler: admission.HandlerFunc(func(_ context.Context, request admission.Request) admission.Response {
		arrived = request.DeepCopy()
		return admission.Allowed("")
	})}
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(body))
	request.Header.Set("Content-Type", contentType)
	hook.ServeHTTP(httptest.NewRecorder(), request)
	return arrived
}
