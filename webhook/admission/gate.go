package admission

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
)

const (
	// runningPerProcessor is how many requests are evaluated at a time on each processor: some wait for the API server.
	runningPerProcessor = 4
	// maxWaiting is how many more may wait. At some milliseconds each the last of them is answered within a second, far
	// sooner than an API server gives up.
	maxWaiting = 256
)

// Gate turns requests away at once where more come than can be answered in time. Without it all of them would be late, the
// API server would ask again, and nothing would ever be answered.
type Gate struct {
	running chan struct{}
	waiting atomic.Int64
	most    int64
}

// NewGate lets so many requests be evaluated at a time, and so many more wait for that.
func NewGate(running, waiting int) *Gate {
	return &Gate{running: make(chan struct{}, running), most: int64(waiting)}
}

// defaultGate is of a size for this machine.
func defaultGate() *Gate { return NewGate(runningPerProcessor*runtime.GOMAXPROCS(0), maxWaiting) }

// overloadedError says that a request was turned away unread.
type overloadedError struct{ waiting int64 }

func (e *overloadedError) Error() string {
	return fmt.Sprintf("overloaded, %d requests are waiting: try again in a second", e.waiting)
}

// enter waits for a place until ctx ends; leave gives it back. A nil Gate has room for all.
func (g *Gate) enter(ctx context.Context) (leave func(), err error) {
	if g == nil {
		return func() {}, nil
	}
	leave = func() { <-g.running }
	select {
	case g.running <- struct{}{}:
		return leave, nil
	default:
	}
	waiting := g.waiting.Add(1)
	defer g.waiting.Add(-1)
	if waiting > g.most {
		return nil, &overloadedError{waiting: g.most}
	}
	select {
	case g.running <- struct{}{}:
		return leave, nil
	case <-ctx.Done():
		return nil, &overloadedError{waiting: waiting}
	}
}
