package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stateward/stateward/test/bench/contest/contestants"
	"github.com/stateward/stateward/test/bench/contest/corpus"
	"github.com/stateward/stateward/test/bench/contest/engines"
	"github.com/stateward/stateward/test/bench/contest/measure"
)

const (
	// inForce is how long a contestant may take to have all of its rules after it started.
	inForce = 2 * time.Minute
	// mostShown is how many disagreements an error lists.
	mostShown = 20
)

// agree asks everybody everything, keeps the answers, and returns the names of those who have the common rules. One answer
// that is not the one that these rules mean makes all times void.
func (f *field) agree(ctx context.Context) (agreed []string, err error) {
	f.answers = map[string][]bool{}
	if f.engines, err = engines.All(ctx); err != nil {
		return nil, err
	}
	for _, engine := range f.engines {
		err := f.compare(engine.Name, func(review *corpus.Review) (bool, error) { return engine.Ask(ctx, review.Body) })
		if err != nil {
			return nil, err
		}
		agreed = append(agreed, engine.Name+" (engine)")
	}
	for _, contestant := range f.arena.Contestants {
		if err := f.ask(ctx, contestant); err != nil {
			return nil, err
		}
		if contestant.Decides {
			agreed = append(agreed, contestant.Name)
		}
	}
	return agreed, nil
}

// ask asks one contestant everything.
func (f *field) ask(ctx context.Context, contestant contestants.Contestant) error {
	target, err := f.target(contestant)
	if err != nil {
		return err
	}
	client, err := measure.NewClient(ctx, target, 1, f.reviews[0])
	if err != nil {
		return fmt.Errorf("ask %s: %w", contestant.Name, err)
	}
	defer client.Close()
	answer := func(review *corpus.Review) (bool, error) {
		allowed, err := client.Answer(ctx, review)
		f.answers[contestant.Slug] = append(f.answers[contestant.Slug], allowed)
		return allowed, err
	}
	if contestant.Decides {
		if err := f.waitForRules(ctx, client); err != nil {
			return fmt.Errorf("%s: %w", contestant.Name, err)
		}
		return f.compare(contestant.Name, answer)
	}
	for _, review := range f.reviews {
		if _, err := answer(review); err != nil {
			return fmt.Errorf("ask %s: %w", contestant.Name, err)
		}
	}
	return nil
}

// waitForRules returns when one review for each fault is denied: some contestants take up their rules one after the other.
func (f *field) waitForRules(ctx context.Context, client *measure.Client) error {
	ctx, cancel := context.WithTimeout(ctx, inForce)
	defer cancel()
	waiting := map[string]*corpus.Review{}
	for _, review := range f.reviews {
		if review.Fault != "" {
			waiting[review.Fault+" "+review.Operation] = review
		}
	}
	for {
		for fault, review := range waiting {
			allowed, err := client.Answer(ctx, review)
			if err != nil {
				return err
			}
			if !allowed {
				delete(waiting, fault)
			}
		}
		if len(waiting) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("after %s these faults are still allowed: %v", inForce, keys(waiting))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// compare holds the answers against what the common rules mean.
func (f *field) compare(name string, answer func(*corpus.Review) (bool, error)) error {
	var wrong []error
	for number, review := range f.reviews {
		allowed, err := answer(review)
		if err != nil {
			return fmt.Errorf("ask %s: review %d: %w", name, number, err)
		}
		if allowed != review.Allowed {
			wrong = append(wrong, fmt.Errorf("review %d, %s of %d KiB with fault %q: allowed %v", number, review.Operation, review.KiB, review.Fault, allowed))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%s disagrees on %d of %d reviews, so no time counts: %w", name, len(wrong), len(f.reviews), errors.Join(wrong[:min(len(wrong), mostShown)]...))
	}
	f.say("%s answers all %d reviews as the common rules mean", name, len(f.reviews))
	return nil
}

func keys(of map[string]*corpus.Review) (names []string) {
	for name := range of {
		names = append(names, name)
	}
	return names
}
