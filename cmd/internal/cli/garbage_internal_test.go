package cli

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

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

// TestGarbageOfIdleProcessIsCollectedEarlier is not parallel: the percentage is that of the process.
func TestGarbageOfIdleProcessIsCollectedEarlier(t *testing.T) {
	t.Setenv("GOGC", "")
	before, forced := inForce(percent), inForce(forcedCollections)
	end := collectLazily(garbage{least: 300, most: 300, idle: 150, calm: time.Millisecond})
	runtime.GC()
	// One collection is this test's, and one gives memory back.
	for patience := time.Now().Add(time.Minute); inForce(percent) != 150 || inForce(forcedCollections) < forced+2; time.Sleep(time.Millisecond) {
		if time.Now().After(patience) {
			t.Fatalf("GOGC is %d after %d collections", inForce(percent), inForce(forcedCollections)-forced)
		}
	}
	end()
	if diff := cmp.Diff(before, inForce(percent)); diff != "" {
		t.Errorf("GOGC afterwards (-want +got):\n%s", diff)
	}
}

const (
	percent           = "/gc/gogc:percent"
	forcedCollections = "/gc/cycles/forced:gc-cycles"
)

func inForce(name string) uint64 {
	read := []metrics.Sample{{Name: name}}
	metrics.Read(read)
	return read[0].Value.Uint64()
}
