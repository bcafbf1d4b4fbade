package admission

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	admissionv1 "k8s.io/api/admission/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies/engine"
)

// blocked is an inventory that never answers: it waits for its caller to give up.
func blocked(ctx context.Context) (ast.Value, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestHandlerRefusesWhatItCannotDecide(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change  func(*Handler)
		query   string
		code    int32
		message string
		retried bool
	}{
		"caches that are not complete": {
			change: func(handler *Handler) { handler.Policy = (&InForce{}).Current },
			code:   http.StatusServiceUnavailable,
			message: "stateward: not ready: the caches are not complete yet: " +
				"check that the API server is reachable and that Stateward may list and watch",
			retried: true,
		},
		"an inventory that fails": {
			change: func(handler *Handler) {
				overlay(handler, func(context.Context) (ast.Value, error) { return nil, errors.New("no route to host") })
			},
			code:    http.StatusInternalServerError,
			message: "stateward: could not evaluate: evaluate rules: look up pods default/web-0: no route to host",
		},
		"an inventory whose API server is busy": {
			change: func(handler *Handler) {
				overlay(handler, func(context.Context) (ast.Value, error) { return nil, apierrors.NewTooManyRequests("later", 1) })
			},
			code:    http.StatusServiceUnavailable,
			message: "stateward: could not evaluate: evaluate rules: look up pods default/web-0: later",
			retried: true,
		},
		"an inventory that panics": {
			change: func(handler *Handler) {
				overlay(handler, func(context.Context) (ast.Value, error) { panic("out of tune") })
			},
			code:    http.StatusInternalServerError,
			message: "panic: out of tune [recovered]",
		},
		"an inventory that is slower than the API server waits": {
			change:  func(handler *Handler) { overlay(handler, blocked) },
			query:   "?timeout=1ms",
			code:    http.StatusGatewayTimeout,
			message: "stateward: could not evaluate: evaluation ran out of time",
			retried: true,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler := newHandler(t, engine.ValidatingPhase)
			test.change(handler)
			got := post(t, serve(t, handler)+test.query, contentType, read(t, updateReview))
			// What it was doing when the time ended is up to the scheduler.
			if test.code == http.StatusGatewayTimeout && strings.HasPrefix(got.Result.Message, test.message+":") {
				got.Result.Message = test.message
			}
			want := &admissionv1.AdmissionResponse{
				UID: updateUID, Result: &metav1.Status{Code: test.code, Message: test.message},
			}
			if test.retried {
				want.Result.Details = &metav1.StatusDetails{RetryAfterSeconds: 1}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("response (-want +got):\n%s", diff)
			}
		})
	}
}

// TestHandlerLeaksNothingAfterATimeout runs in a bubble, which ends only when all that began in it has ended.
func TestHandlerLeaksNothingAfterATimeout(t *testing.T) {
	t.Parallel()
	handler := newHandler(t, engine.ValidatingPhase)
	overlay(handler, blocked)
	body := read(t, updateReview)
	synctest.Test(t, func(t *testing.T) {
		recorder := httptest.NewRecorder()
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/validate?timeout=1ms", bytes.NewReader(body))
		request.Header.Set("Content-Type", contentType)
		handler.HTTP().ServeHTTP(recorder, request)
		if got := decode(t, recorder.Body).Result.Code; got != http.StatusGatewayTimeout {
			t.Errorf("code %d, want %d", got, http.StatusGatewayTimeout)
		}
	})
}

func TestInventoryErrorsMatterOnlyWhenItIsRead(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		review string
		want   outcome
	}{
		"a deletion that needs no look at other objects": {
			review: "08-delete-orphan.json",
			want:   outcome{UID: "6f6431b2-9ac2-4a95-b733-68d5d0b3f981", Allowed: true, Code: http.StatusOK},
		},
		"a deletion of a Service that StatefulSets may use": {
			review: serviceReview,
			want: outcome{
				UID: "093f5974-b58d-4573-a979-1b06d286265d", Code: http.StatusInternalServerError,
				Message: "stateward: could not evaluate: evaluate rules: list statefulsets of default/nginx: no route to host",
			},
		},
		"a scale of a StatefulSet that cannot be looked up": {
			review: scaleReview,
			want: outcome{
				UID: scaleUID, Code: http.StatusInternalServerError,
				Message: "stateward: could not evaluate: evaluate rules: look up statefulsets default/web: no route to host",
			},
		},
		"what is exempt": {
			review: "09-orphan-finalizer-removal-by-gc.json",
			want:   outcome{UID: "3c95ba53-7e57-429c-b351-8ba7d3af859d", Allowed: true, Code: http.StatusOK},
		},
	}
	handler := newHandler(t, engine.ValidatingPhase)
	overlay(handler, func(context.Context) (ast.Value, error) { return nil, errors.New("no route to host") })
	url := serve(t, handler)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := outcomeOf(post(t, url, contentType, read(t, test.review)))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("response (-want +got):\n%s", diff)
			}
		})
	}
}
