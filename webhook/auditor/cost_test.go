package auditor

import (
	"testing"
	"time"
)

func TestAllocationsShareTheTimeOfCollections(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		of    allocations
		bytes uint64
		want  time.Duration
	}{
		"of a quarter":             {allocations{bytes: 4_000, seconds: 2}, 1_000, 500 * time.Millisecond},
		"of nothing":               {allocations{bytes: 4_000, seconds: 2}, 0, 0},
		"before the first":         {allocations{bytes: 4_000}, 1_000, 0},
		"before anything is there": {allocations{}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.of.collecting(test.bytes); got != test.want {
				t.Errorf("%s, not %s", got, test.want)
			}
		})
	}
}

func TestReadAllocationsCountsBytes(t *testing.T) {
	t.Parallel()
	before := readAllocations()
	kept := make([]byte, 1<<20)
	after := readAllocations()
	if grown := after.bytes - before.bytes; grown < uint64(len(kept)) {
		t.Errorf("%d bytes, not %d", grown, len(kept))
	}
}
