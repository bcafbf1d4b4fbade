package cluster

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// Hold stops the process where it is, as happens to all on a machine that hangs:
// the kernel goes on accepting connections, which get no answer. release lets
// it go on. It works on Linux only.
func (p *Process) Hold() (release func() error, err error) {
	if err := p.signal(hold); err != nil {
		return nil, fmt.Errorf("hold %s: %w", p.name, err)
	}
	return func() error { return p.signal(resume) }, nil
}

// Throttle lets the process run for so long of each period and holds it for the
// rest, as the kernel does with a processor limit that is used up. While it runs
// it may use all processors. release ends that and returns its errors; call it
// before the process is stopped. It works on Linux only.
func (p *Process) Throttle(run, period time.Duration) (release func() error) {
	released, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- p.alternate(run, period-run, released) }()
	return sync.OnceValue(func() error {
		close(released)
		return <-done
	})
}

// alternate lets the process run and rest until it is released.
func (p *Process) alternate(run, rest time.Duration, released <-chan struct{}) error {
	for {
		select {
		case <-released:
			return nil
		case <-time.After(run):
		}
		release, err := p.Hold()
		if err != nil {
			return err
		}
		time.Sleep(rest)
		if err := release(); err != nil {
			return err
		}
	}
}

// signal does something to the running process and its children.
func (p *Process) signal(send func(*os.Process) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil || !p.current.running() {
		return fmt.Errorf("%s is not running", p.name)
	}
	return send(p.current.command.Process)
}
