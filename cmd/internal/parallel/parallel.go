// Package parallel does many things at a time.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

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
