package admission

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

func TestBytesInFlightAreCountedAndReleased(t *testing.T) {
	t.Parallel()
	budget := &inFlight{most: 100}
	body := func(size int) *countedBody {
		return budget.limit(io.NopCloser(bytes.NewReader(make([]byte, size))))
	}
	first, second, small := body(freeBytes+90), body(freeBytes+20), body(freeBytes)
	if _, err := io.Copy(io.Discard, first); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, second); !errors.Is(err, errInFlight) {
		t.Errorf("a body beyond the budget gave error %v", err)
	}
	if _, err := io.Copy(io.Discard, small); err != nil {
		t.Errorf("a body of the usual size gave error %v", err)
	}
	first.release()
	second.release()
	small.release()
	if held := budget.held.Load(); held != 0 {
		t.Errorf("%d bytes are held in the end", held)
	}
}

func TestReviewHandlerAnswers429WhenBodiesTakeTooMuch(t *testing.T) {
	t.Parallel()
	waiting, release := make(chan struct{}), make(chan struct{})
	handler := newReviewHandler(&admission.Webhook{Handler: admission.HandlerFunc(func(_ context.Context, request admission.Request) admission.Response {
		if request.Name == "waits" {
			waiting <- struct{}{}
			<-release
		}
		return admission.Allowed("")
	})})
	ask := func(name string, size int) int {
		review := inReview(`"uid":"1","name":"` + name + `"`)
		review += strings.Repeat(" ", size-len(review))
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(review))
		request.Header.Set("Content-Type", contentType)
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		return recorder.Code
	}
	const large = 6 << 20
	done := make(chan int)
	for range maxInFlight / large {
		go func() { done <- ask("waits", large) }()
		<-waiting
	}
	if got := []int{ask("web", large), ask("web", freeBytes)}; !cmp.Equal(got, []int{http.StatusTooManyRequests, http.StatusOK}) {
		t.Errorf("one more large and one small request are answered with %v", got)
	}
	close(release)
	for range maxInFlight / large {
		<-done
	}
	if code := ask("web", large); code != http.StatusOK {
		t.Errorf("after that a large request is answered with %d", code)
	}
}
