package measure

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Plan says how long and how fast to ask.
type Plan struct {
	// Rate is the number of questions per second of the open loop: each is due at its time, whether others have been
	// answered or not, and is counted from then on. 0 means that each connection asks again as soon as it is answered.
	Rate int
	// WarmUp is asked first and not counted, then comes what counts, which takes Time.
	WarmUp, Time time.Duration
	// Grace is how long after that late questions of an open loop are still answered.
	Grace time.Duration
}

// Sample is what one run of a plan came to.
type Sample struct {
	// Asked are the questions that were due, Answered those that were answered rightly while there was time.
	Asked, Answered int
	// Seconds is how long it took.
	Seconds float64
	// Middle, Late and Last are the times to the answer within which half, 99 in 100 and all of them came, in
	// milliseconds. What was due and not answered counts as later than everything else, and makes them infinite.
	Middle, Late, Last float64
	// Processor is the time of the target's process on processors for each answer, in microseconds.
	Processor float64
	// Resident is the memory that it held at the end, in MiB.
	Resident float64
}

// Run warms up, asks, and measures. An answer that is wrong ends it.
func (c *Client) Run(ctx context.Context, load Load, plan Plan) (Sample, error) {
	if plan.WarmUp > 0 {
		if _, err := c.loop(ctx, load, Plan{Rate: plan.Rate, Time: plan.WarmUp}); err != nil {
			return Sample{}, fmt.Errorf("warm up: %w", err)
		}
	}
	before, err := Processor(c.target.PID)
	if err != nil {
		return Sample{}, err
	}
	started := time.Now()
	sample, err := c.loop(ctx, load, plan)
	if err != nil {
		return Sample{}, err
	}
	sample.Seconds = time.Since(started).Seconds()
	after, err := Processor(c.target.PID)
	if err != nil {
		return Sample{}, err
	}
	if sample.Answered == 0 {
		return Sample{}, errors.New("nothing was answered in time: give it longer")
	}
	sample.Processor = float64((after - before).Nanoseconds()) / 1000 / float64(sample.Answered)
	sample.Resident, err = resident(c.target.PID)
	return sample, err
}

// loop is shared by the connections.
type loop struct {
	client *Client
	load   Load
	plan   Plan
	start  time.Time
	next   atomic.Int64

	mu   sync.Mutex
	took []time.Duration
	errs []error
}

func (c *Client) loop(ctx context.Context, load Load, plan Plan) (Sample, error) {
	running := &loop{client: c, load: load, plan: plan, start: time.Now()}
	var connections sync.WaitGroup
	for _, worker := range c.workers {
		connections.Go(func() { running.connection(ctx, worker) })
	}
	connections.Wait()
	if len(running.errs) > 0 {
		return Sample{}, running.errs[0]
	}
	// A server may close what it likes; but then it is handshakes that are measured.
	if more := c.dialed.Load() - int64(len(c.workers)); more > 0 {
		return Sample{}, fmt.Errorf("%d of %d connections were not kept", more, len(c.workers))
	}
	due := len(running.took)
	if plan.Rate > 0 {
		due = int(plan.Time.Seconds() * float64(plan.Rate))
	}
	return Summary(running.took, due), ctx.Err()
}

// connection asks, one question after the other, what is due next.
func (l *loop) connection(ctx context.Context, worker *worker) {
	var took []time.Duration
	for {
		number := int(l.next.Add(1) - 1)
		due, ok := l.wait(ctx, number)
		if !ok {
			break
		}
		index := number % len(l.load.Reviews)
		allowed, err := worker.ask(ctx, l.client, l.load.Reviews[index])
		if err == nil && allowed != l.load.Allowed[index] {
			err = fmt.Errorf("review with fault %q: allowed %v, and before %v", l.load.Reviews[index].Fault, allowed, l.load.Allowed[index])
		}
		if err != nil {
			l.fail(err)
			return
		}
		took = append(took, time.Since(due))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = append(l.took, took...)
}

func (l *loop) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errs = append(l.errs, err)
}

// wait returns when this question is due, at its time; not ok means that there is no more time for it.
func (l *loop) wait(ctx context.Context, number int) (due time.Time, ok bool) {
	now, end := time.Now(), l.start.Add(l.plan.Time)
	if ctx.Err() != nil {
		return now, false
	}
	if l.plan.Rate == 0 {
		return now, now.Before(end)
	}
	due = l.start.Add(time.Duration(number) * time.Second / time.Duration(l.plan.Rate))
	if !due.Before(end) || now.After(end.Add(l.plan.Grace)) {
		return due, false
	}
	time.Sleep(due.Sub(now))
	return due, true
}
