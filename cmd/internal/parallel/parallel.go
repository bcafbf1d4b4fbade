// Package parallel does many things at a time.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// EachTold is Each that says how many are done, one caller at a time; tell may be nil.
func EachTold(count int, tell func(done, total int), do func(index int)) {
	if tell == nil {
		Each(count, do)
		return
	}
	var mutex sync.Mutex
	done := 0
	Each(count, func(index int) {
		do(index)
		mutex.Lock()
		defer mutex.Unlock()
		done++
		tell(done, count)
	})
}

// Each calls do with 0 to count-1, as many at a time as there are processors.
func Each(count int, do func(index int)) {
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
