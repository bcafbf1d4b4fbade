package load

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Failure is a question that was not answered, or not rightly.
type Failure struct {
	Due, Failed time.Time
	Err         error
}

// Result is what came of a run. It may be read while the run goes on.
type Result struct {
	mu       sync.Mutex
	took     []time.Duration
	failures []Failure
}

func (r *Result) add(due time.Time, err error) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.failures = append(r.failures, Failure{due, now, err})
		return
	}
	r.took = append(r.took, now.Sub(due))
}

// Answered is the number of questions that were.
func (r *Result) Answered() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.took)
}

// Failures are all questions that were not.
func (r *Result) Failures() []Failure {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.failures)
}

// Quantile is the time within which this part of the answers came, as 0.99, counted from when the question was due.
func (r *Result) Quantile(part float64) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.took) == 0 {
		return 0
	}
	slices.Sort(r.took)
	return r.took[min(len(r.took)-1, int(part*float64(len(r.took))))]
}

// String is a summary: the numbers, and the reasons of failures with how often each came.
func (r *Result) String() string {
	failures := r.Failures()
	var text strings.Builder
	fmt.Fprintf(&text, "%d answered, %d failed; p50 %s, p99 %s, longest %s", r.Answered(), len(failures),
		r.Quantile(0.5), r.Quantile(0.99), r.Quantile(1))
	reasons := map[string]int{}
	for _, failure := range failures {
		reasons[reason(failure.Err)]++
	}
	sorted := slices.SortedFunc(maps.Keys(reasons), func(a, b string) int {
		return cmp.Or(cmp.Compare(reasons[b], reasons[a]), cmp.Compare(a, b))
	})
	for _, each := range sorted {
		fmt.Fprintf(&text, "\n%6d x %s", reasons[each], each)
	}
	return text.String()
}

// reason is an error without what differs from one to the next.
func reason(err error) string {
	text := regexp.MustCompile(`127\.[0-9.]+:[0-9]+`).ReplaceAllString(err.Error(), "ADDRESS")
	return regexp.MustCompile(`load-[0-9]+`).ReplaceAllString(text, "UID")
}
