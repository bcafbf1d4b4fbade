package cluster

import (
	"errors"
	"runtime"
	"sync"
)

var errStopped = errors.New("the cluster is stopped")

// starter runs functions on one operating system thread that lives until close.
//
// On Linux every child asks the kernel to be killed when its parent dies, and
// the kernel takes the thread that started the child for the parent. Go ends
// threads as it sees fit, so children started from any goroutine could be
// killed in the middle of a test.
type starter struct {
	mu     sync.Mutex
	closed bool
	work   chan func()
}

func newStarter() *starter {
	s := &starter{work: make(chan func())}
	go s.loop()
	return s
}

// loop never unlocks its thread, so that the thread ends with it.
func (s *starter) loop() {
	runtime.LockOSThread()
	for work := range s.work {
		work()
	}
}

// run does the work on the starter's thread and returns its error.
func (s *starter) run(work func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errStopped
	}
	result := make(chan error, 1)
	s.work <- func() { result <- work() }
	return <-result
}

func (s *starter) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		close(s.work)
	}
}
