package webhook

import (
	"context"
	"errors"
	"sync/atomic"

	"sigs.k8s.io/controller-runtime/pkg/cache"
)

// readiness remembers that the caches have once been complete; from then on watches keep them so.
type readiness struct{ synced atomic.Bool }

// await waits for the caches.
func (r *readiness) await(informers cache.Cache) func(context.Context) error {
	return func(ctx context.Context) error {
		r.synced.Store(informers.WaitForCacheSync(ctx))
		return nil
	}
}

func (r *readiness) caches() error {
	if !r.synced.Load() {
		return errors.New("the caches of what the rules read are not complete yet: is the API server there, and may Stateward list and watch?")
	}
	return nil
}
