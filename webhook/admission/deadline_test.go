package admission

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDeadlineIsATenthBeforeTheAPIServers(t *testing.T) {
	t.Parallel()
	type deadline struct {
		Set  bool
		Left time.Duration
	}
	longest := deadline{true, 27 * time.Second}
	tests := map[string]struct {
		query string
		want  deadline
	}{
		"seconds":                 {query: "?timeout=5s", want: deadline{true, 4500 * time.Millisecond}},
		"milliseconds":            {query: "?timeout=100ms", want: deadline{true, 90 * time.Millisecond}},
		"the least there is":      {query: "?timeout=1ns", want: deadline{true, time.Nanosecond}},
		"the first of two":        {query: "?timeout=10s&timeout=1s", want: deadline{true, 9 * time.Second}},
		"the most there is":       {query: "?timeout=30s", want: longest},
		"more than there is":      {query: "?timeout=1h", want: longest},
		"no timeout":              {want: longest},
		"an empty one":            {query: "?timeout=", want: longest},
		"one without a unit":      {query: "?timeout=5", want: longest},
		"one that is no duration": {query: "?timeout=soon", want: longest},
		"one that is negative":    {query: "?timeout=-5s", want: longest},
		"none at all":             {query: "?timeout=0s", want: longest},
		"one beyond all numbers":  {query: "?timeout=9999999999h", want: longest},
		"a query that is broken":  {query: "?timeout=%zz", want: longest},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The clock of a bubble does not move, so the rest is exact.
			synctest.Test(t, func(t *testing.T) {
				var got deadline
				handler := withDeadline(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					until, set := r.Context().Deadline()
					if got.Set = set; set {
						got.Left = time.Until(until)
					}
				}))
				request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/validate"+test.query, http.NoBody)
				handler.ServeHTTP(httptest.NewRecorder(), request)
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("deadline (-want +got):\n%s", diff)
				}
			})
		})
	}
}
