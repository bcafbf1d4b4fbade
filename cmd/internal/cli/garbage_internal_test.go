package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGarbageLiesWhileThereIsRoom(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct {
		live uint64
		want int
	}{
		"before the first collection": {0, mostGarbage},
		"beside little":               {roomyHeap / 100, mostGarbage},
		"beside half of the room":     {roomyHeap / 2, 100},
		"beside two thirds of it":     {roomyHeap / 3 * 2, 50},
		"where there is no room":      {roomyHeap, leastGarbage},
		"beside more than the room":   {10 * roomyHeap, leastGarbage},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, garbagePercent(test.live)); diff != "" {
				t.Errorf("percent (-want +got):\n%s", diff)
			}
		})
	}
}
