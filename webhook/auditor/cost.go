package auditor

import (
	"runtime/metrics"
	"time"
)

// NewMeter returns how to begin to measure the processor time of a piece of work. cost returns that of the calling thread, and
// what the process has spent on garbage collections since the last measurement, by the part of the bytes that were allocated in
// the work: collections run in other threads, and most of them later. Beside 40,000 objects they take nearly as much again.
func NewMeter() (measure func() (cost func() time.Duration)) {
	last := readAllocations()
	return func() func() time.Duration {
		thread, before := threadTime(), readAllocations()
		return func() time.Duration {
			after := readAllocations()
			meanwhile := allocations{after.bytes - last.bytes, after.seconds - last.seconds}
			last = after
			return threadTime() - thread + meanwhile.collecting(after.bytes-before.bytes)
		}
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

// collecting is the share of so many bytes in the time of the collections.
func (a allocations) collecting(bytes uint64) time.Duration {
	if a.bytes == 0 {
		return 0
	}
	return time.Duration(a.seconds / float64(a.bytes) * float64(bytes) * float64(time.Second))
}
