package forecast

import (
	"flag"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stateward/stateward/policies/forecast"
)

var (
	scenarios = flag.Int("scenarios", 2000, "`number` of random scenarios to compare")
	seed      = flag.Uint64("seed", 1, "`seed` of the first scenario")
	replay    = flag.String("scenario", "", "`JSON` of one scenario to replay")
)

func TestForecastEqualsController(t *testing.T) {
	seen := &result{ends: map[forecast.EndKind]int{}}
	if *replay != "" {
		scenario, err := parse(*replay)
		if err != nil {
			t.Fatal(err)
		}
		inTime(t, func(t *testing.T) {
			if err := compare(scenario, seen); err != nil {
				t.Fatal(err)
			}
		})
		return
	}
	begun := time.Now()
	inTime(t, func(t *testing.T) {
		for number := range uint64(*scenarios) {
			scenario := random(newSource(*seed + number))
			if err := compare(scenario, seen); err != nil {
				report(t, *seed+number, scenario)
			}
		}
	})
	took := time.Since(begun)
	t.Logf("%d scenarios, %d forecasts, %d steps in %s: %.0f scenarios a second", *scenarios, seen.forecasts, seen.steps,
		took.Round(time.Second), float64(*scenarios)/took.Seconds())
	t.Logf("%d stuck sets went on after the forecast's command", seen.freed)
	for _, kind := range slices.Sorted(maps.Keys(seen.ends)) {
		t.Logf("end %q: %d", kind, seen.ends[kind])
	}
}

// report fails with the smallest scenario that differs.
func report(t *testing.T, seed uint64, scenario Scenario) {
	t.Helper()
	differs := func(scenario Scenario) bool {
		return compare(scenario, &result{ends: map[forecast.EndKind]int{}}) != nil
	}
	smallest := shrink(scenario, differs)
	err := compare(smallest, &result{ends: map[forecast.EndKind]int{}})
	t.Fatalf("seed %d: %v\nreplay it with -scenario '%s'", seed, err, smallest)
}

func FuzzForecast(f *testing.F) {
	for number := range uint64(20) {
		source := newSource(number)
		bytes := make([]byte, 60)
		for index := range bytes {
			bytes[index] = byte(source.IntN(256))
		}
		f.Add(bytes)
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		scenario := random(&fuzzed{bytes})
		inTime(t, func(t *testing.T) {
			if err := compare(scenario, &result{ends: map[forecast.EndKind]int{}}); err != nil {
				report(t, 0, scenario)
			}
		})
	})
}
