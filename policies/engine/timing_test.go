package engine

import (
	"slices"
	"testing"

	"github.com/stateward/stateward/policies/engine/inventory"
)

func TestTimingsNameEachEvaluatedRule(t *testing.T) {
	t.Parallel()
	decider, _ := builtIn(t)
	for name, take := range map[string]bool{"where they are wanted": true, "where they are not": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			read, err := decider.Prepare(recordedCreation(t))
			if err != nil {
				t.Fatal(err)
			}
			timings := &Timings{}
			if take {
				timings = read.Time()
			}
			if _, err := decider.Evaluate(t.Context(), read, inventory.NewSnapshot("default", nil)); err != nil {
				t.Fatal(err)
			}
			isImageTag := func(each Timing) bool { return each.Rule == "image-tag" }
			if got := slices.ContainsFunc(timings.List, isImageTag); got != take {
				t.Errorf("%v", timings.List)
			}
			if slices.ContainsFunc(timings.List, func(each Timing) bool { return each.Rule == "" || each.Took < 0 }) {
				t.Errorf("the time of no rule: %v", timings.List)
			}
		})
	}
}
