package forecast

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/stateward/stateward/policies/forecast"
)

// source gives random numbers: a generator, or the bytes of a fuzzer.
type source interface{ IntN(n int) int }

func newSource(seed uint64) source { return rand.New(rand.NewPCG(seed, 18)) }

// fuzzed reads numbers from bytes, and 0 after their end.
type fuzzed struct{ rest []byte }

func (f *fuzzed) IntN(n int) int {
	if len(f.rest) == 0 {
		return 0
	}
	number := int(f.rest[0]) % n
	f.rest = f.rest[1:]
	return number
}

const mostReplicas = 6

// random makes a scenario.
func random(from source) Scenario {
	scenario := Scenario{MaxUnavailable: from.IntN(3) > 0, Set: randomSettings(from)}
	scenario.Recreate = scenario.Set.Strategy == string(forecast.Recreate)
	settings := scenario.Set
	scenario.Acts = append(scenario.Acts, Act{Rounds: randomRounds(from, 2)})
	for range 1 + from.IntN(4) {
		act := randomAct(from, &settings, scenario.Recreate)
		scenario.Acts = append(scenario.Acts, act)
		if act.Delete != "" {
			break
		}
	}
	return scenario
}

func randomSettings(from source) Settings {
	settings := Settings{
		Replicas: from.IntN(mostReplicas + 1), Parallel: from.IntN(3) == 0, Claims: from.IntN(3), Image: randomImage(from), History: 10,
		DeleteDeleted: from.IntN(3) == 0, DeleteScaled: from.IntN(3) == 0,
	}
	if from.IntN(3) == 0 {
		settings.MinReady = 10
	}
	if from.IntN(4) == 0 {
		settings.Start = 1 + from.IntN(3)
	}
	if from.IntN(6) == 0 {
		settings.History = from.IntN(3)
	}
	switch from.IntN(12) {
	case 0:
		settings.Strategy = string(forecast.OnDelete)
	case 1:
		if recreates {
			settings.Strategy = string(forecast.Recreate)
		}
	case 2:
		settings.Bare = true
	default:
		randomRolling(from, &settings)
	}
	return settings
}

func randomRolling(from source, settings *Settings) {
	if from.IntN(3) == 0 {
		settings.Partition = from.IntN(settings.Replicas + 2)
	}
	switch from.IntN(4) {
	case 0:
		settings.MaxUnavailable = strconv.Itoa(1 + from.IntN(mostReplicas))
	case 1:
		settings.MaxUnavailable = fmt.Sprintf("%d%%", 10*(1+from.IntN(10)))
	}
}

func randomImage(from source) string {
	return []string{"good-1", "good-2", "good-3", "bad-1", "bad-2"}[from.IntN(5)]
}

// randomRounds is 0, until nothing changes, in one of so many cases.
func randomRounds(from source, of int) int {
	if from.IntN(of) == 0 {
		return 0
	}
	return 1 + from.IntN(2*mostReplicas)
}

func randomAct(from source, settings *Settings, recreate bool) Act {
	act := Act{Rounds: randomRounds(from, 2)}
	switch from.IntN(16) {
	case 0, 1, 2, 3, 4, 5:
		settings.Image = randomImage(from)
		act.Set = clone(settings)
	case 6, 7, 8:
		settings.Replicas = from.IntN(mostReplicas + 1)
		act.Set = clone(settings)
	case 9:
		changed := randomSettings(from)
		changed.Claims, changed.Parallel = settings.Claims, settings.Parallel
		if changed.Strategy == string(forecast.Recreate) && !recreate {
			changed.Strategy = ""
		}
		*settings = changed
		act.Set = clone(settings)
	case 10:
		act.Replace = true
	case 11:
		act.DeleteClaim = 1 + settings.Start + from.IntN(mostReplicas)
	case 12:
		act.Delete = []forecast.Propagation{forecast.Background, forecast.Foreground, forecast.Orphan}[from.IntN(3)]
	default:
		for range 1 + from.IntN(3) {
			act.Pods = append(act.Pods, Mishap{
				Ordinal: settings.Start + from.IntN(mostReplicas), What: []string{kill, fail, succeed, unready, crash, pend}[from.IntN(6)],
			})
		}
	}
	return act
}

func clone(settings *Settings) *Settings {
	copied := *settings
	return &copied
}
