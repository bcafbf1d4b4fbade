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

// Gate rejects requests at once if more arrive than can be answered in time. Otherwise all of them would be late, clients would
// repeat them, and the overload would never end.
type Gate struct {
	running chan struct{}
	waiting atomic.Int64
	most    int64
}

// NewGate returns a Gate that evaluates `running` requests at a time and lets `waiting` more wait.
func NewGate(running, waiting int) *Gate {
	return &Gate{running: make(chan struct{}, running), most: int64(waiting)}
}

// defaultGate returns a Gate for the processors of this machine.
func defaultGate() *Gate { return NewGate(runningPerProcessor*runtime.GOMAXPROCS(0), maxWaiting) }

// overloadedError reports that a request was rejected unread.
type overloadedError struct{ waiting int64 }

func (e *overloadedError) Error() string {
	return fmt.Sprintf("overloaded, %d requests are waiting: try again in a second", e.waiting)
}

// enter waits until the request may be evaluated or ctx ends; leave ends the evaluation. A nil Gate admits every request.
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
