package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGarbageCollectionWaitsForTheMemoryLimit(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct {
		allowed garbage
		live    uint64
		want    int
	}{
		"before the first collection": {garbageOfCheck(), 0, 400},
		"beside little":               {garbageOfCheck(), roomyHeap / 100, 400},
		"beside half of the room":     {garbageOfCheck(), roomyHeap / 2, 100},
		"beside two thirds of it":     {garbageOfCheck(), roomyHeap / 3 * 2, 50},
		"where there is no room":      {garbageOfCheck(), roomyHeap, 30},
		"beside more than the room":   {garbageOfCheck(), 10 * roomyHeap, 30},
		"a webhook beside little":     {garbageOfServe(), roomyHeap / 4, 200},
		"a webhook beside much":       {garbageOfServe(), roomyHeap / 3 * 2, 100},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, test.allowed.beside(test.live)); diff != "" {
				t.Errorf("percent (-want +got):\n%s", diff)
			}
		})
	}
}
