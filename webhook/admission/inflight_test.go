package admission

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

func TestSplitReviewAnswers429WhenBodiesTakeTooMuch(t *testing.T) {
	t.Parallel()
	waiting, release := make(chan struct{}), make(chan struct{})
	handler := splitReview(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Wait") != "" {
			waiting <- struct{}{}
			<-release
		}
		w.WriteHeader(http.StatusOK)
	}))
	ask := func(size int, header string) int {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(strings.Repeat(" ", size)))
		request.Header.Set("Wait", header)
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		return recorder.Code
	}
	const large = 6 << 20
	done := make(chan int)
	for range maxInFlight / large {
		go func() { done <- ask(large, "yes") }()
		<-waiting
	}
	if got := []int{ask(large, ""), ask(freeBytes, "")}; !cmp.Equal(got, []int{http.StatusTooManyRequests, http.StatusOK}) {
		t.Errorf("one more large and one small request are answered with %v", got)
	}
	close(release)
	for range maxInFlight / large {
		<-done
	}
	if code := ask(large, ""); code != http.StatusOK {
		t.Errorf("after that a large request is answered with %d", code)
	}
}
