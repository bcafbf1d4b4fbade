package cli

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// roomyHeap in bytes is what may be taken without a thought: with the program itself that is less than 300 MB.
const roomyHeap = 120 << 20

// garbage is for how long it may lie: until the heap has grown by so many percent.
type garbage struct {
	least, most int
	// idle is what is allowed once there was no collection for calm, after one more that gives all memory back that is not
	// needed; calm 0 changes nothing.
	idle int
	calm time.Duration
}

// garbageOfCheck collects a small heap less often: a quarter less time for half more memory. The
// lowest setting lets a heap at the memory limit continue.
func garbageOfCheck() garbage { return garbage{least: 30, most: 400} }

// garbageOfServe: a webhook answers for years. More than the most saves it no time, and less than the least costs a large
// cluster too much of it. A webhook that is asked little spends next to no time on collections: then memory counts.
func garbageOfServe() garbage {
	return garbage{least: 100, most: 200, idle: 50, calm: 10 * time.Second}
}

// collectLazily lets garbage lie for as long as there is room, unless the environment has a say in that. A limit of the runtime
// (GOMEMLIMIT), which counts in any case, would do the same until so much lives that it cannot be kept, and then do nothing
// but collect.
func collectLazily(allowed garbage) (end func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	var ended, givesBack atomic.Bool
	before := debug.SetGCPercent(allowed.most)
	// It begins with the first collection.
	calm := time.AfterFunc(math.MaxInt64, func() {
		if !ended.Load() {
			debug.SetGCPercent(allowed.idle)
			givesBack.Store(true)
			debug.FreeOSMemory()
		}
	})
	afterEachCollection(func() (again bool) {
		// The collection that gives memory back says nothing about what is asked.
		if !ended.Load() && !givesBack.Swap(false) {
			debug.SetGCPercent(allowed.beside(liveHeap()))
			if allowed.calm > 0 {
				calm.Reset(allowed.calm)
			}
		}
		return !ended.Load()
	})
	return func() {
		ended.Store(true)
		calm.Stop()
		debug.SetGCPercent(before)
	}
}

// beside is how many percent of garbage may lie beside so many bytes that live.
func (g garbage) beside(live uint64) int {
	if live == 0 {
		return g.most
	}
	room := 100*roomyHeap/float64(live) - 100
	return min(max(int(room), g.least), g.most)
}

// liveHeap is how many bytes the last collection left.
func liveHeap() uint64 {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return live[0].Value.Uint64()
}

// afterEachCollection calls do after each collection, until it returns false.
func afterEachCollection(do func() (again bool)) {
	// What is not held is gone after the next collection, and says so.
	runtime.AddCleanup(new([16]byte), func(struct{}) {
		if do() {
			afterEachCollection(do)
		}
	}, struct{}{})
}
