package measure

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Busy calls each function again as soon as it returns, all of them beside one another. It measures how long a call takes;
// no call begins after the given time. The first error ends it.
func Busy(ctx context.Context, calls []func(context.Context) error, long time.Duration) (Sample, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	started := time.Now()
	each := make([][]time.Duration, len(calls))
	var callers sync.WaitGroup
	for number, call := range calls {
		callers.Go(func() {
			took, err := again(ctx, call, started.Add(long))
			if each[number] = took; err != nil {
				cancel(err)
			}
		})
	}
	callers.Wait()
	var all []time.Duration
	for _, took := range each {
		all = append(all, took...)
	}
	if err := context.Cause(ctx); err != nil {
		return Sample{}, err
	}
	if len(all) == 0 {
		return Sample{}, errors.New("no call began in time: give it longer")
	}
	sample := Summary(all, len(all))
	sample.Seconds = time.Since(started).Seconds()
	return sample, nil
}

// again calls until the end, and returns how long each call took.
func again(ctx context.Context, call func(context.Context) error, end time.Time) (took []time.Duration, err error) {
	for started := time.Now(); started.Before(end) && ctx.Err() == nil; started = time.Now() {
		if err := call(ctx); err != nil {
			return nil, err
		}
		took = append(took, time.Since(started))
	}
	return took, nil
}
