package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes puts a child into a process group of its own, so that Ctrl-C in a
// terminal leaves it alone until the orderly stop, and has the kernel kill it
// should this process die without one.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// signalGroup reaches the children of the child as well.
func signalGroup(process *os.Process, signal syscall.Signal) error {
	return syscall.Kill(-process.Pid, signal)
}

// hold stops a process and its children where they are, and returns when none of
// its threads runs any more; resume lets them go on.
func hold(process *os.Process) error {
	if err := signalGroup(process, syscall.SIGSTOP); err != nil {
		return err
	}
	// One that ends meanwhile never stops. How it ended is left for Wait to tell.
	const until = unix.WSTOPPED | unix.WEXITED | unix.WNOWAIT
	for {
		if err := unix.Waitid(unix.P_PID, process.Pid, nil, until, nil); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func resume(process *os.Process) error { return signalGroup(process, syscall.SIGCONT) }

// residentMemory reads how many bytes of memory a process holds.
func residentMemory(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(status) {
		fields := bytes.Fields(line)
		if len(fields) == 3 && string(fields[0]) == "VmRSS:" {
			kibibytes, err := strconv.ParseInt(string(fields[1]), 10, 64)
			return kibibytes * 1024, err
		}
	}
	return 0, fmt.Errorf("process %d has no resident memory; it has ended", pid)
}
