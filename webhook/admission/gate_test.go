package admission

import (
	"context"
	"net/http"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/webhook/metrics"
)

// TestGateRejectsWhenQueueIsFull fills all places, with an inventory that answers when it is told to.
func TestGateRejectsWhenQueueIsFull(t *testing.T) {
	t.Parallel()
	handler := newHandler(t, engine.ValidatingPhase)
	registry := prometheus.NewRegistry()
	metrics, err := metrics.New(registry)
	if err != nil {
		t.Fatal(err)
	}
	handler.Gate, handler.Metrics = NewGate(2, 1), metrics
	asked, answer := make(chan struct{}), make(chan struct{})
	overlay(handler, func(context.Context) (ast.Value, error) {
		asked <- struct{}{}
		<-answer
		return nil, nil
	})
	url, body := serve(t, handler), read(t, createReview)
	outcomes := make(chan outcome)
	request := func() { outcomes <- outcomeOf(post(t, url, contentType, body)) }
	for range 2 {
		go request()
		<-asked
	}
	go request()
	for handler.Gate.waiting.Load() != 1 {
		runtime.Gosched()
	}

	want := outcome{UID: createUID, Code: http.StatusTooManyRequests, Message: "stateward: overloaded, 1 requests are waiting: try again in a second"}
	if diff := cmp.Diff(want, outcomeOf(post(t, url, contentType, body))); diff != "" {
		t.Errorf("the fourth request (-want +got):\n%s", diff)
	}
	if shed := gather(t, registry)["stateward_admission_requests_total map[decision:shed dry_run:false operation:CREATE]"]; shed != 1 {
		t.Errorf("%v requests are counted as shed", shed)
	}

	if got := outcomeOf(post(t, url, contentType, read(t, "09-orphan-finalizer-removal-by-gc.json"))); !got.Allowed {
		t.Errorf("what is exempt has to wait: %+v", got)
	}

	go func() {
		for range asked {
		}
	}()
	defer close(asked)
	close(answer)
	for range 3 {
		if got := <-outcomes; got.Code == http.StatusTooManyRequests {
			t.Errorf("a request that had a place was turned away: %s", got.Message)
		}
	}
	if got := outcomeOf(post(t, url, contentType, body)); got.Code == http.StatusTooManyRequests {
		t.Errorf("there is room again, and still: %s", got.Message)
	}
}

func TestGateRejectsWhenWaitingTooLong(t *testing.T) {
	t.Parallel()
	gate := NewGate(1, 1)
	leave, err := gate.enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := gate.enter(ended); err == nil || err.Error() != "overloaded, 1 requests are waiting: try again in a second" {
		t.Errorf("got %v", err)
	}
}
