package engines

import (
	"context"
	"time"

	"github.com/stateward/stateward/test/bench/contest/corpus"
	"github.com/stateward/stateward/test/bench/contest/measure"
)

// Run asks all reviews in turn for so long, after a warm-up of a quarter of it.
func (n Named) Run(ctx context.Context, reviews []*corpus.Review, long time.Duration) (measure.Sample, error) {
	if _, err := n.ask(ctx, reviews, long/4); err != nil {
		return measure.Sample{}, err
	}
	took, err := n.ask(ctx, reviews, long)
	return measure.Summary(took, len(took)), err
}

func (n Named) ask(ctx context.Context, reviews []*corpus.Review, long time.Duration) (took []time.Duration, err error) {
	for end, number := time.Now().Add(long), 0; time.Now().Before(end); number++ {
		started := time.Now()
		if _, err := n.Ask(ctx, reviews[number%len(reviews)].Body); err != nil {
			return nil, err
		}
		took = append(took, time.Since(started))
	}
	return took, ctx.Err()
}
