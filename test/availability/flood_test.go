package availability_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/test/bench/load"
)

const (
	// flood is how many requests come at once: more than twice as many as three replicas evaluate and let wait.
	flood = 2_000
	// floodTimeout is time enough for connections to all of them, and for each place at a gate to be taken some ten times.
	floodTimeout = 15 * time.Second
)

// outlivesAFlood asks more at once than can be evaluated. What is too much is turned away in words that say so, nothing is
// allowed that is not, and when it is over all is as before.
func (f *fleet) outlivesAFlood(t *testing.T) {
	t.Run("while all is well", func(t *testing.T) {
		f.flooded(t, recorded(t, "11-delete-background.json", false))
	})
	// How fast the machine is must not tell whether there are too many: each of these takes a second.
	t.Run("while the API server hangs", func(t *testing.T) {
		release, err := f.Process("kube-apiserver").Hold()
		if err != nil {
			t.Fatal(err)
		}
		result := f.flooded(t, lookedUp(t))
		if err := release(); err != nil {
			t.Fatal(err)
		}
		if result.Answered() > 0 {
			t.Errorf("%d were decided while the cluster could not be read", result.Answered())
		}
		if turnedAway(result) == 0 {
			t.Error("no request is rejected")
		}
	})
	lostNone(t, f.underLoad(t, func(*load.Result) {}))
}

// flooded returns what comes of as many requests as are a flood, of which none is to be allowed.
func (f *fleet) flooded(t *testing.T, review load.Review) *load.Result {
	t.Helper()
	flooding := *f.generator
	// The next would come a minute later.
	flooding.Rate, flooding.Burst, flooding.Timeout, flooding.Reviews = flood/60, flood, floodTimeout, []load.Review{review}
	result := whileAsking(t, &flooding, func(result *load.Result) { awaitOutcomes(t, result, 1) })
	t.Logf("%d were judged, %d could not be, of which %d were turned away at once", result.Answered(), len(result.Failures()), turnedAway(result))
	for _, failure := range result.Failures() {
		if strings.Contains(failure.Err.Error(), "allowed true") {
			t.Errorf("allowed: %v", failure.Err)
		}
	}
	return result
}

// turnedAway counts the requests that found as many waiting as may wait.
func turnedAway(result *load.Result) (count int) {
	for _, failure := range result.Failures() {
		if strings.Contains(failure.Err.Error(), "stateward: overloaded, 256 requests are waiting") {
			count++
		}
	}
	return count
}

// lookedUp is the deletion of a Service that is no StatefulSet's, as far as a replica has heard: it asks the API server.
func lookedUp(t *testing.T) load.Review {
	t.Helper()
	review := recorded(t, "14-delete-service.json", false)
	review.Request.Name = "other"
	review.Request.OldObject.Raw = bytes.ReplaceAll(review.Request.OldObject.Raw, []byte(`"nginx"`), []byte(`"other"`))
	return review
}
