// Package parallel calls a function for many indexes concurrently.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// ForEachWithProgress is ForEach that reports how many calls are done, one at a time; progress may be nil.
func ForEachWithProgress(count int, progress func(done, total int), do func(index int)) {
	if progress == nil {
		ForEach(count, do)
		return
	}
	var mutex sync.Mutex
	done := 0
	ForEach(count, func(index int) {
		do(index)
		mutex.Lock()
		defer mutex.Unlock()
		done++
		progress(done, count)
	})
}

// ForEach calls do with 0 to count-1, as many at a time as there are processors.
func ForEach(count int, do func(index int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(count, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for index := int(next.Add(1)) - 1; index < count; index = int(next.Add(1)) - 1 {
				do(index)
			}
		})
	}
	workers.Wait()
}
