package cli

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

const (
	// roomyHeap in bytes is what a check may take without a thought: with the program itself that is less than 300 MB.
	roomyHeap = 120 << 20
	// Garbage lies until the heap has grown by so many percent. Of little that lives it is no loss to let it lie for
	// longer: a quarter less time for half more memory. The least is what makes a heap that has no room left still go on.
	mostGarbage  = 400
	leastGarbage = 30
)

// collectLazily lets garbage lie for as long as there is room, unless whoever calls has a say in that. A limit of the
// runtime would do the same until so much lives that it cannot be kept, and then do nothing but collect.
func collectLazily() (end func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	var ended atomic.Bool
	before := debug.SetGCPercent(mostGarbage)
	afterEachCollection(func() (again bool) {
		if !ended.Load() {
			debug.SetGCPercent(garbagePercent(liveHeap()))
		}
		return !ended.Load()
	})
	return func() {
		ended.Store(true)
		debug.SetGCPercent(before)
	}
}

// garbagePercent is how much garbage may lie beside so many bytes that live.
func garbagePercent(live uint64) int {
	if live == 0 {
		return mostGarbage
	}
	room := (roomyHeap - min(live, roomyHeap)) * 100 / live
	return int(min(max(room, leastGarbage), mostGarbage))
}

// liveHeap is how many bytes the last collection left.
func liveHeap() uint64 {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return live[0].Value.Uint64()
}

// afterEachCollection calls do after each, for as long as it wants to be called again.
func afterEachCollection(do func() (again bool)) {
	// What nobody holds is gone after the next collection, and says so.
	runtime.AddCleanup(new([16]byte), func(struct{}) {
		if do() {
			afterEachCollection(do)
		}
	}, struct{}{})
}
