package availability_test

import (
	"strings"
	"testing"

	"github.com/stateward/stateward/test/bench/load"
	"github.com/stateward/stateward/test/cluster"
)

// Floods, in requests at once: several times as many as three replicas let wait, and more for fast machines.
const (
	firstFlood = 3_000
	lastFlood  = 48_000
)

// outlivesAFlood asks far more at once than can be judged. What is too much is turned away in words that say so, nothing is
// allowed that is not, and when it is over all is as before.
func (f *fleet) outlivesAFlood(t *testing.T) {
	for size := firstFlood; ; size *= 2 {
		if f.turnsAway(t, size) > 0 {
			break
		}
		if size >= lastFlood {
			t.Fatalf("%d requests at once, and nobody is turned away", size)
		}
	}
	lostNone(t, f.underLoad(t, func(*load.Result) {}))
}

// turnsAway returns of how many requests, all made at once, it is said that they are too many.
func (f *fleet) turnsAway(t *testing.T, size int) (turnedAway int) {
	t.Helper()
	root, err := cluster.Root()
	if err != nil {
		t.Fatal(err)
	}
	flood := *f.generator
	flood.Rate, flood.Burst = size, size
	flood.Reviews = []load.Review{recorded(t, root, "11-delete-background.json", false)}
	result := whileAsking(t, &flood, func(result *load.Result) { awaitAnswers(t, result, 1) })
	t.Log(result)
	for _, failure := range result.Failures() {
		if strings.Contains(failure.Err.Error(), "stateward: overloaded") {
			turnedAway++
		}
		if strings.Contains(failure.Err.Error(), "allowed true") {
			t.Errorf("allowed: %v", failure.Err)
		}
	}
	return turnedAway
}
