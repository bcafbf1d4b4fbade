package admission

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies/engine"
)

// TestHandlerReadsOddBodiesAsTheAPIServerDoes sends what looks broken and has one meaning, the same as for the API server: of
// a key that comes twice the last counts, and half of a surrogate pair is a replacement character. A deletion that is
// denied stays denied, in the same words, whatever is put beside it.
func TestHandlerReadsOddBodiesAsTheAPIServerDoes(t *testing.T) {
	t.Parallel()
	url := serve(t, newHandler(t, engine.ValidatingPhase))
	allowed := func(uid string) outcome { return outcome{UID: uid, Allowed: true, Code: http.StatusOK} }
	denied := outcomeOf(post(t, url, contentType, read(t, deleteReview)))
	if denied.Code != http.StatusForbidden {
		t.Fatalf("the deletion itself has code %d, want %d", denied.Code, http.StatusForbidden)
	}
	tests := map[string]struct {
		body []byte
		want outcome
	}{
		"a second operation that makes a deletion of an update": {
			body: spliced(t, deleteReview, `"operation": "DELETE",`, `"operation": "UPDATE", "operation": "DELETE",`),
			want: denied,
		},
		"a first old object that is terminating": {
			body: spliced(t, deleteReview, `"oldObject": {`, `"oldObject": {"metadata": {"deletionTimestamp": "2026-11-23T05:00:00Z"}}, "oldObject": {`),
			want: denied,
		},
		"first replicas of 0": {
			body: spliced(t, deleteReview, `"replicas": 2,`, `"replicas": 0, "replicas": 2,`),
			want: denied,
		},
		"a key in another case": {
			body: spliced(t, deleteReview, `"propagationPolicy":`, `"PropagationPolicy": "Orphan", "propagationPolicy":`),
			want: denied,
		},
		"a byte order mark before a key": {
			body: spliced(t, deleteReview, `"whenDeleted":`, "\"\ufeffwhenDeleted\": 1, \"whenDeleted\":"),
			want: denied,
		},
		"half of a surrogate pair in the user's name": {
			body: spliced(t, deleteReview, `"username": "admin"`, `"username": "\ud800"`),
			want: denied,
		},
		"half of a surrogate pair as a key of the object": {
			body: spliced(t, deleteReview, `"whenDeleted":`, `"\udc00": "\ud800", "whenDeleted":`),
			want: denied,
		},
		"an escaped NUL in the name of the request": {
			body: spliced(t, deleteReview, `"name": "web"`, `"name": "w\u0000eb"`),
			want: denied,
		},
		"numbers that no machine holds": {
			body: spliced(t, deleteReview, `"whenDeleted":`, `"n": [1e400, 1e-999999999, 18446744073709551616], "whenDeleted":`),
			want: denied,
		},
		"an object 5000 deep": {
			body: nested(t, deleteReview, 5000),
			want: denied,
		},
		"an operation that no rule names": {
			body: altered(t, updateReview, func(request map[string]any) { request["operation"] = "CONNECT" }),
			want: allowed(updateUID),
		},
		"a resource that no rule names": {
			body: altered(t, deleteReview, func(request map[string]any) {
				request["resource"] = map[string]any{"group": "example.com", "version": "v1", "resource": "databases"}
			}),
			want: allowed(deleteUID),
		},
		"a namespace and a name that are empty": {
			body: altered(t, deleteReview, func(request map[string]any) { request["namespace"], request["name"] = "", "" }),
			want: denied,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := outcomeOf(post(t, url, contentType, test.body))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("response (-want +got):\n%s", diff)
			}
		})
	}
}
