package auditor

import (
	"runtime/metrics"
	"time"
)

// MeasureCost begins to measure the processor time of a piece of work. cost returns that of the calling thread, and what the
// process spends on collecting as much garbage as was allocated meanwhile: collections run in other threads, and most of them
// later. Beside 40,000 objects they take nearly as much again.
func MeasureCost() (cost func() time.Duration) {
	thread, before := threadTime(), readAllocations()
	return func() time.Duration {
		after := readAllocations()
		return threadTime() - thread + after.collecting(after.bytes-before.bytes)
	}
}

// allocations are those of the process since its start, and the processor time of its garbage collections.
type allocations struct {
	bytes   uint64
	seconds float64
}

func readAllocations() allocations {
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(samples)
	return allocations{samples[0].Value.Uint64(), samples[1].Value.Float64()}
}

// collecting is what it takes on average to collect so many bytes.
func (a allocations) collecting(bytes uint64) time.Duration {
	if a.bytes == 0 {
		return 0
	}
	return time.Duration(a.seconds / float64(a.bytes) * float64(bytes) * float64(time.Second))
}
