package bench_test

import (
	"encoding/json"
	"flag"
	"maps"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/stateward/stateward/policies/engine"
)

var update = flag.Bool("update", false, "write the baseline")

const (
	baselineFile = "allocations.json"
	// tolerance is what caches and pools may make of it, as a part.
	tolerance = 0.05
)

// TestAllocationsAreThoseOfTheBaseline is a gate for speed that no busy machine can fail: what a decision allocates is nearly
// all that it costs, and is the same everywhere. Whoever makes it less writes it down, with `make bench-check UPDATE=1`.
func TestAllocationsAreThoseOfTheBaseline(t *testing.T) {
	got := map[string]float64{}
	decider, world := newEngine(t)
	for _, each := range reviews() {
		review := recorded(t, each)
		got["decide "+each.name] = testing.AllocsPerRun(20, func() {
			if _, err := decider.Decide(t.Context(), review, world); err != nil {
				t.Fatal(err)
			}
		})
	}
	for _, name := range []string{"update", "delete"} {
		index := slices.IndexFunc(reviews(), func(each review) bool { return each.name == name })
		text := read(t, reviews()[index].file)
		got["parse "+name] = testing.AllocsPerRun(20, func() {
			if _, err := engine.ParseObject(text); err != nil {
				t.Fatal(err)
			}
		})
	}
	if *update {
		write(t, got)
	}
	compare(t, got)
}

func write(t *testing.T, allocations map[string]float64) {
	t.Helper()
	for what, count := range allocations {
		allocations[what] = math.Round(count)
	}
	encoded, err := json.MarshalIndent(allocations, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(baselineFile, append(encoded, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}

func compare(t *testing.T, got map[string]float64) {
	t.Helper()
	encoded, err := os.ReadFile(baselineFile)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]float64
	if err := json.Unmarshal(encoded, &want); err != nil {
		t.Fatal(err)
	}
	for _, what := range slices.Sorted(maps.Keys(got)) {
		if math.Abs(got[what]-want[what]) > tolerance*want[what] {
			t.Errorf("%s: %.0f allocations, the baseline has %.0f: if that is meant, run `make bench-check UPDATE=1`", what, got[what], want[what])
		}
	}
}
