//go:build !linux

package cluster

import (
	"errors"
	"os"
	"syscall"
)

// attributes asks for nothing: the kernel's help against orphans is Linux's.
func attributes() *syscall.SysProcAttr {
	return nil
}

// signalGroup falls back to killing where a signal cannot be sent.
func signalGroup(process *os.Process, signal syscall.Signal) error {
	if err := process.Signal(signal); err != nil {
		return process.Kill()
	}
	return nil
}

func hold(*os.Process) error   { return errors.New("processes are held on Linux only") }
func resume(*os.Process) error { return errors.New("processes are held on Linux only") }

func residentMemory(int) (int64, error) {
	return 0, errors.New("resident memory is read on Linux only")
}
