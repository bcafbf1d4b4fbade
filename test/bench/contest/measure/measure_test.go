package measure_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/test/bench/contest/corpus"
	"github.com/stateward/stateward/test/bench/contest/measure"
)

func TestSummaries(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	tests := map[string]struct {
		took []time.Duration
		due  int
		want measure.Sample
	}{
		"the median and the last of what was answered": {
			[]time.Duration{3 * ms, 1 * ms, 2 * ms}, 3, measure.Sample{Asked: 3, Answered: 3, Middle: 2, Late: 3, Last: 3},
		},
		"what was not answered came later than everything else": {
			[]time.Duration{3 * ms, 1 * ms, 2 * ms}, 4, measure.Sample{Asked: 4, Answered: 3, Middle: 2, Late: math.Inf(1), Last: math.Inf(1)},
		},
		"where most was not answered there is no median": {
			[]time.Duration{ms}, 4, measure.Sample{Asked: 4, Answered: 1, Middle: math.Inf(1), Late: math.Inf(1), Last: math.Inf(1)},
		},
		"nothing was answered": {nil, 4, measure.Sample{Asked: 4}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, measure.Summary(test.took, test.due)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRatiosAreTakenWithinARound(t *testing.T) {
	t.Parallel()
	middle := func(sample measure.Sample) float64 { return sample.Middle }
	// In the last round the machine was ten times as slow.
	samples := []measure.Sample{{Middle: 2}, {Middle: 3}, {Middle: 40}}
	beside := []measure.Sample{{Middle: 1}, {Middle: 1}, {Middle: 10}}
	got := []measure.Spread{measure.Of(samples, middle), measure.Ratio(samples, beside, middle)}
	want := []measure.Spread{{Median: 3, Least: 2, Most: 40}, {Median: 3, Least: 2, Most: 4}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDifferencesAreTakenWithinARound(t *testing.T) {
	t.Parallel()
	middle := func(sample measure.Sample) float64 { return sample.Middle }
	samples := []measure.Sample{{Middle: 2}, {Middle: 3}, {Middle: 40}}
	beside := []measure.Sample{{Middle: 1}, {Middle: 4}, {Middle: 10}}
	if diff := cmp.Diff(measure.Spread{Median: 1, Least: -1, Most: 30}, measure.Beyond(samples, beside, middle)); diff != "" {
		t.Error(diff)
	}
}

func TestBusyCallsEachFunctionAgain(t *testing.T) {
	t.Parallel()
	var first, second atomic.Int64
	counting := func(count *atomic.Int64) func(context.Context) error {
		return func(context.Context) error { count.Add(1); return nil }
	}
	sample, err := measure.Busy(t.Context(), []func(context.Context) error{counting(&first), counting(&second)}, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if first.Load() < 2 || second.Load() < 2 || int64(sample.Answered) != first.Load()+second.Load() || sample.Seconds <= 0 {
		t.Errorf("%d and %d calls: %+v", first.Load(), second.Load(), sample)
	}
}

func TestBusyEndsAtTheFirstError(t *testing.T) {
	t.Parallel()
	fails := errors.New("denied")
	_, err := measure.Busy(t.Context(), []func(context.Context) error{
		func(context.Context) error { return fails },
		func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	}, time.Hour)
	if !errors.Is(err, fails) {
		t.Errorf("error %v instead of %v", err, fails)
	}
}

func TestMeasurementAnswersEveryRequest(t *testing.T) {
	t.Parallel()
	sample, err := run(t, answering(true, 0), 3, measure.Plan{WarmUp: 20 * time.Millisecond, Time: 100 * time.Millisecond}, true)
	if err != nil {
		t.Fatal(err)
	}
	if sample.Answered == 0 || sample.Answered != sample.Asked || sample.Processor <= 0 || sample.Resident <= 0 {
		t.Errorf("%+v", sample)
	}
}

func TestOpenLoopCountsUnansweredRequests(t *testing.T) {
	t.Parallel()
	sample, err := run(t, answering(true, 300*time.Millisecond), 1, measure.Plan{Rate: 100, Time: 100 * time.Millisecond}, true)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{sample.Asked, sample.Answered, sample.Middle}
	if diff := cmp.Diff([]any{10, 1, math.Inf(1)}, got); diff != "" {
		t.Error(diff)
	}
}

func TestMeasurementEndsAtWrongAnswers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"another answer than before":     {answering(false, 0), "allowed false, and before true"},
		"an answer to another question":  {saying(`{"response":{"uid":"1","allowed":true}}`), "not an answer to"},
		"a refusal that is not a denial": {saying(`{"response":{"uid":"UID","allowed":false,"status":{"code":500}}}`), "not judged"},
		"an answer that does not say":    {saying(`{"response":{"uid":"UID"}}`), "neither allowed nor denied"},
		"an error":                       {http.NotFound, "status 404"},
		"a connection that is not kept":  {closing(answering(true, 0)), "were not kept"},
		"a connection that breaks":       {hangUp, "EOF"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := run(t, test.handler, 1, measure.Plan{Time: 100 * time.Millisecond}, true)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want one with %q", err, test.want)
			}
		})
	}
}

// run measures a server in this process.
func run(t *testing.T, handler http.HandlerFunc, connections int, plan measure.Plan, allowed bool) (measure.Sample, error) {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	reviews, err := corpus.New()
	if err != nil {
		t.Fatal(err)
	}
	target := measure.Target{URL: server.URL, TLS: &tls.Config{RootCAs: roots}, PID: os.Getpid()}
	client, err := measure.NewClient(t.Context(), target, connections, reviews[0])
	if err != nil {
		return measure.Sample{}, err
	}
	defer client.Close()
	return client.Run(t.Context(), measure.Load{Reviews: reviews[:1], Allowed: []bool{allowed}}, plan)
}

// uid is the question's.
func uid(r *http.Request) string {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err.Error()
	}
	return regexp.MustCompile(`0c0a5e00-[0-9-]+`).FindString(string(body))
}

func answering(allowed bool, after time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(after)
		fmt.Fprintf(w, `{"response":{"uid":%q,"allowed":%v,"status":{"code":403}}}`, uid(r), allowed)
	}
}

func saying(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, strings.ReplaceAll(text, "UID", uid(r)))
	}
}

func closing(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		handler(w, r)
	}
}

func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
