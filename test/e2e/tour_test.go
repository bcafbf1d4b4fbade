package e2e_test

import (
	"testing"

	"github.com/stateward/stateward/test/environment"
	"github.com/stateward/stateward/test/tour"
)

func TestTutorialCommandsGetTheirDecisions(t *testing.T) {
	guarded := environment.ForTest(t)
	if err := tour.Walk(t.Context(), guarded, t.Output(), tour.Options{}); err != nil {
		t.Fatal(err)
	}
	memory, err := guarded.Stateward.ResidentMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d steps; stateward serve holds %d MiB", len(tour.Steps()), memory>>20)
}
