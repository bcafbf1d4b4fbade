package webhook

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/stateward/stateward/policies/confirmations"
)

const (
	// sweepInterval is how often ended Confirmations are looked for.
	sweepInterval = 10 * time.Minute
	// keptConfirmations is how long an ended Confirmation stays, so that people can see what it allowed.
	keptConfirmations = time.Hour
	// sweepPage is how many are listed at a time.
	sweepPage = 500
)

// SweepConfirmations deletes the Confirmations that ended more than an hour before now. A cluster without the kind has
// none. Several replicas may do it at the same time.
func SweepConfirmations(ctx context.Context, reader client.Reader, writer client.Writer, now time.Time) error {
	page := &confirmations.ConfirmationList{}
	var failed []error
	for {
		err := reader.List(ctx, page, client.Limit(sweepPage), client.Continue(page.Continue))
		if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return errors.Join(append(failed, err)...)
		}
		for index := range page.Items {
			if each := &page.Items[index]; hasEnded(each, now) {
				failed = append(failed, client.IgnoreNotFound(writer.Delete(ctx, each, client.Preconditions{UID: &each.UID})))
			}
		}
		if page.Continue == "" {
			return errors.Join(failed...)
		}
	}
}

func hasEnded(stored *confirmations.Confirmation, now time.Time) bool {
	until, err := time.Parse(time.RFC3339, stored.Spec.Until)
	return err == nil && now.Sub(until) > keptConfirmations
}

// sweeps returns a Runnable that repeats this.
func sweeps(runner manager.Manager, options Options) manager.RunnableFunc {
	return func(ctx context.Context) error {
		return every(ctx, sweepInterval, func() {
			bounded, cancel := context.WithTimeout(ctx, sweepInterval/2)
			defer cancel()
			if err := SweepConfirmations(bounded, runner.GetAPIReader(), runner.GetClient(), time.Now()); err != nil {
				options.Log.Error(err, "ended Confirmations are not deleted yet")
			}
		})
	}
}
