package auditor

import (
	"time"

	"golang.org/x/sys/unix"
)

// threadTime is the processor time of the calling thread: unlike a clock, it does not count the time for which other processes,
// or a limit of the container, kept it from running.
func threadTime() time.Duration {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
