package admission

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/stateward/stateward/policies/engine"
)

// outcome is what matters of a response to something odd.
type outcome struct {
	UID     string
	Allowed bool
	Code    int32
	Message string
}

func outcomeOf(response *admissionv1.AdmissionResponse) outcome {
	return outcome{
		UID: string(response.UID), Allowed: response.Allowed,
		Code: response.Result.Code, Message: response.Result.Message,
	}
}

// Recorded reviews to start from, with the uids of their requests.
const (
	scaleReview   = "02-scale-up.json"
	scaleUID      = "3cd750ff-488e-4c64-8245-8c7469e3e994"
	updateReview  = "04-image-patch.json"
	updateUID     = "c1392959-6916-47af-94bf-ec8858a1ec20"
	createReview  = "10-create-statefulset.json"
	createUID     = "a1e657c1-a9f0-428e-9d12-1a4246a78c6e"
	deleteReview  = "11-delete-background.json"
	deleteUID     = "9f046172-7858-4e8b-8587-7b7d26d76b53"
	serviceReview = "14-delete-service.json"
)

func TestHandlerRejectsBodiesThatItCannotRead(t *testing.T) {
	t.Parallel()
	url := serve(t, newHandler(t, engine.ValidatingPhase))
	valid := read(t, scaleReview)
	tests := map[string]struct {
		contentType string
		body        []byte
		code        int32
		message     string
		uid         string
	}{
		"an empty body": {
			contentType: contentType,
			code:        http.StatusBadRequest, message: "request body is empty",
		},
		"a truncated body": {
			contentType: contentType, body: valid[:len(valid)/2],
			code: http.StatusBadRequest, message: "couldn't get version/kind; json parse error: unexpected end of JSON input",
		},
		"a body that is said to be YAML": {
			contentType: "application/yaml", body: valid,
			code: http.StatusBadRequest, message: "contentType=application/yaml, expected application/json",
		},
		"a body of which nothing is said": {
			body: valid,
			code: http.StatusBadRequest, message: "contentType=, expected application/json",
		},
		"a body of 7 MiB": {
			contentType: contentType, body: bytes.Repeat([]byte(" "), 7<<20),
			code: http.StatusRequestEntityTooLarge, message: "request entity is too large; limit is 7340032 bytes",
		},
		"a body of more than 7 MiB": {
			contentType: contentType, body: append(bytes.Repeat([]byte(" "), 7<<20), valid...),
			code: http.StatusRequestEntityTooLarge, message: "request entity is too large; limit is 7340032 bytes",
		},
		"a body of NUL bytes": {
			contentType: contentType, body: make([]byte, 1024),
			code: http.StatusBadRequest, message: "yaml: control characters are not allowed",
		},
		"a NUL byte in a string": {
			contentType: contentType, body: spliced(t, scaleReview, `"web"`, "\"w\x00eb\""),
			code: http.StatusBadRequest, message: `couldn't get version/kind; json parse error: invalid character '\x00' in string literal`,
		},
		"objects within each other, 10000 deep": {
			contentType: contentType,
			body:        nested(t, scaleReview, 10000),
			uid:         scaleUID,
			code:        http.StatusInternalServerError, message: "stateward: could not evaluate: read object of the review: invalid character '{' exceeded max depth",
		},
		"something that is no review": {
			contentType: contentType, body: []byte(`{"apiVersion":"v1","kind":"Pod"}`),
			code: http.StatusBadRequest, message: "stateward: the AdmissionReview has no request with a uid and an operation",
		},
		"a review in YAML that unfolds for ever": {
			contentType: contentType, body: laughter(),
			code: http.StatusBadRequest, message: "yaml: document contains excessive aliasing",
		},
		"an operation that is a number": {
			contentType: contentType, body: altered(t, scaleReview, func(request map[string]any) { request["operation"] = 1 }),
			code: http.StatusBadRequest, message: "json: cannot unmarshal number into Go struct field AdmissionRequest.AdmissionReview.request.operation of type v1.Operation",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := outcomeOf(post(t, url, test.contentType, test.body))
			if diff := cmp.Diff(outcome{UID: test.uid, Code: test.code, Message: test.message}, got); diff != "" {
				t.Errorf("response (-want +got):\n%s", diff)
			}
		})
	}
}

// nested puts an object of this depth into the review's spec.
func nested(t *testing.T, name string, depth int) []byte {
	t.Helper()
	deep := strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
	return spliced(t, name, `"spec": {`, `"spec": {"deep":`+deep+",")
}

// laughter is a YAML document of 2^30 words by way of aliases.
func laughter() []byte {
	text := []byte("a0: &a0 [ha, ha]\n")
	for level := 1; level < 30; level++ {
		text = fmt.Appendf(text, "a%d: &a%d [*a%d, *a%d]\n", level, level, level-1, level-1)
	}
	return text
}

func TestHandlerRejectsRequestsThatItCannotEvaluate(t *testing.T) {
	t.Parallel()
	remove := func(keys ...string) func(map[string]any) {
		return func(request map[string]any) {
			for _, key := range keys {
				delete(request, key)
			}
		}
	}
	set := func(key string, value any) func(map[string]any) {
		return func(request map[string]any) { request[key] = value }
	}
	const nothing = "stateward: the AdmissionReview has no request with a uid and an operation"
	tests := map[string]struct {
		body []byte
		want outcome
	}{
		"a review without a request": {
			body: []byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}`),
			want: outcome{Code: http.StatusBadRequest, Message: nothing},
		},
		"a review whose request is null": {
			body: []byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":null}`),
			want: outcome{Code: http.StatusBadRequest, Message: nothing},
		},
		"a request without a uid": {
			body: altered(t, scaleReview, remove("uid")),
			want: outcome{Code: http.StatusBadRequest, Message: nothing},
		},
		"a request without an operation": {
			body: altered(t, scaleReview, remove("operation")),
			want: outcome{UID: scaleUID, Code: http.StatusBadRequest, Message: nothing},
		},
		"an operation that does not exist": {
			body: altered(t, deleteReview, set("operation", "DESTROY")),
			want: outcome{UID: deleteUID, Code: http.StatusBadRequest, Message: `stateward: unknown operation "DESTROY"`},
		},
		"an operation in lower case": {
			body: altered(t, deleteReview, set("operation", "delete")),
			want: outcome{UID: deleteUID, Code: http.StatusBadRequest, Message: `stateward: unknown operation "delete"`},
		},
		"a creation of nothing": {
			body: altered(t, createReview, set("object", nil)),
			want: outcome{
				UID: createUID, Code: http.StatusBadRequest,
				Message: "stateward: the AdmissionReview is of operation CREATE and has no object",
			},
		},
		"an update of nothing to nothing": {
			body: altered(t, updateReview, remove("object", "oldObject")),
			want: outcome{
				UID: updateUID, Code: http.StatusBadRequest,
				Message: "stateward: the AdmissionReview is of operation UPDATE and has no object",
			},
		},
		"an update of nothing": {
			body: altered(t, updateReview, set("oldObject", nil)),
			want: outcome{
				UID: updateUID, Code: http.StatusBadRequest,
				Message: "stateward: the AdmissionReview is of operation UPDATE and has no oldObject",
			},
		},
		"a deletion of nothing": {
			body: altered(t, deleteReview, set("oldObject", nil)),
			want: outcome{
				UID: deleteUID, Code: http.StatusBadRequest,
				Message: "stateward: the AdmissionReview is of operation DELETE and has no oldObject",
			},
		},
		"an object that is a string": {
			body: altered(t, updateReview, set("object", "web")),
			want: outcome{
				UID: updateUID, Code: http.StatusInternalServerError,
				Message: "stateward: could not evaluate: read object of the review: it is a JSON string and must be an object",
			},
		},
		"an old object that is a list": {
			body: altered(t, deleteReview, set("oldObject", []any{})),
			want: outcome{
				UID: deleteUID, Code: http.StatusInternalServerError,
				Message: "stateward: could not evaluate: read oldObject of the review: it is a JSON array and must be an object",
			},
		},
		"options that are a number": {
			body: altered(t, deleteReview, set("options", 1)),
			want: outcome{
				UID: deleteUID, Code: http.StatusInternalServerError,
				Message: "stateward: could not evaluate: read options of the review: it is a JSON number and must be an object",
			},
		},
	}
	for _, phase := range []engine.Phase{engine.ValidatingPhase, engine.MutatingPhase} {
		url := serve(t, newHandler(t, phase))
		for name, test := range tests {
			t.Run(fmt.Sprintf("%s in phase %d", name, phase), func(t *testing.T) {
				t.Parallel()
				got := outcomeOf(post(t, url, contentType, test.body))
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("response (-want +got):\n%s", diff)
				}
			})
		}
	}
}
