// Package registrar keeps webhooks with names of its own in Stateward's two webhook configurations, where the Guardrails say so
// (spec.registration.manage): for the custom resources and opt-in rules that the Guardrails name and that the webhooks which
// were applied do not cover. No decision about a request waits for it.
package registrar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/webhook/registration"
)

const (
	// ConditionType of the condition that says what came of spec.registration.manage.
	ConditionType = "RegistrationManaged"
	// Remedy gives Stateward the right that it needs, or does without it.
	Remedy = "apply manifests/components/manage-registration with the overlay, or set manageRegistration=true in the chart"

	// interval is the time between two looks, which heal what others removed. After failures it doubles up to maxPause.
	interval = 10 * time.Second
	maxPause = time.Minute
	// turn bounds the wait for the lease and the writes together.
	turn = 30 * time.Second
	// owner is the field manager of what is written.
	owner = "stateward-registration"
)

// Policy is what decides about requests.
type Policy struct {
	Library    *policies.Library
	Guardrails *v1alpha1.Guardrails
}

// Options are what New needs.
type Options struct {
	// Policy is that in force; an error says that it is not known.
	Policy func() (Policy, error)
	// Reader must not be a cache: to watch the configurations would need more rights than to read two of them.
	Reader client.Reader
	Writer client.Writer
	// Alone works while no other replica does, or returns why it could not.
	Alone func(ctx context.Context, work func(context.Context)) error
	// Report shows the condition to users; nil removes it.
	Report func(context.Context, *metav1.Condition) error
	Now    func() time.Time
	Log    logr.Logger
}

// Registrar keeps the managed webhooks.
type Registrar struct {
	Options

	// last is the Policy of the last look, and due when the next one is.
	last  Policy
	due   time.Time
	pause time.Duration
	// settled says that nothing is managed, and nothing is left to remove.
	settled bool
	told    string
}

// New makes a Registrar that does nothing before Look.
func New(options Options) *Registrar { return &Registrar{Options: options} }

// Look does what is due, and is called about once a second.
func (r *Registrar) Look(ctx context.Context) {
	policy, err := r.Policy()
	if err != nil {
		return
	}
	if policy != r.last {
		r.last, r.due, r.pause, r.settled = policy, time.Time{}, 0, false
	}
	if r.settled || r.Now().Before(r.due) {
		return
	}
	names, err := r.keep(ctx, policy)
	if ctx.Err() != nil {
		return
	}
	err = errors.Join(err, r.report(ctx, policy, names, err))
	if apierrors.IsConflict(err) {
		// Another program has just written the same object; the next look is in a second.
		return
	}
	r.tell(err)
	if r.pause = min(max(2*r.pause, interval), maxPause); err == nil {
		r.pause = interval
	}
	r.due = r.Now().Add(r.pause)
	r.settled = err == nil && !policy.Guardrails.Manages()
}

// keep writes what is missing, where anything is, and returns the names of the webhooks that are wanted.
func (r *Registrar) keep(ctx context.Context, policy Policy) (names []string, err error) {
	plan, err := r.plan(ctx, policy)
	if err != nil || !plan.changes() {
		return plan.names, err
	}
	bounded, cancel := context.WithTimeout(ctx, turn)
	defer cancel()
	var failed error
	err = r.Alone(bounded, func(ctx context.Context) {
		failed = retry.RetryOnConflict(retry.DefaultRetry, func() error {
			var err error
			plan, err = r.write(ctx, policy)
			return err
		})
	})
	return plan.names, errors.Join(err, failed)
}

// write looks again, now that no other replica writes, and does what is left.
func (r *Registrar) write(ctx context.Context, policy Policy) (plan, error) {
	plan, err := r.plan(ctx, policy)
	if err != nil {
		return plan, err
	}
	for _, each := range plan.configurations {
		if len(each.patch) == 0 {
			continue
		}
		patch, err := encoded(each.patch)
		if err != nil {
			return plan, err
		}
		if err := r.Writer.Patch(ctx, each.object, patch, client.FieldOwner(owner)); err != nil {
			return plan, fmt.Errorf("patch %s %s: %w", each.kind, registration.Name, err)
		}
		r.Log.Info("webhooks written", "configuration", each.kind, "managed", plan.names)
	}
	return plan, nil
}

// report shows in the status of the Guardrails what came of it. It is silent where nothing is managed and nothing is left.
func (r *Registrar) report(ctx context.Context, policy Policy, names []string, failed error) error {
	condition := &metav1.Condition{Type: ConditionType, Status: metav1.ConditionTrue, Reason: "Managed", Message: message(names)}
	switch {
	case failed != nil:
		condition.Status, condition.Reason, condition.Message = metav1.ConditionFalse, "NotWritten", explain(policy, failed)
		if lacksRight(failed) {
			condition.Reason = "RightMissing"
		}
	case !policy.Guardrails.Manages():
		condition = nil
	}
	if err := r.Report(ctx, condition); err != nil {
		return fmt.Errorf("the condition %s of the Guardrails is not up to date: %w", ConditionType, err)
	}
	return nil
}

func message(names []string) string {
	if len(names) == 0 {
		return "nothing to add: the webhooks that were applied cover these Guardrails"
	}
	return "the webhook configurations have " + strings.Join(names, ", ")
}

// explain says what is missing, and the way out.
func explain(policy Policy, failed error) string {
	fix := ""
	if lacksRight(failed) {
		fix = ". Fix: " + Remedy
	}
	if !policy.Guardrails.Manages() {
		return fmt.Sprintf("spec.registration.manage is off, and webhooks that it added may be left: %v%s until they are gone", failed, fix)
	}
	return fmt.Sprintf("the API server does not send all that these Guardrails need: %v%s; or apply what `stateward rules registration --config` prints", failed, fix)
}

// lacksRight distinguishes a missing right from a policy of the API server that protects the registration.
func lacksRight(err error) bool {
	return apierrors.IsForbidden(err) && strings.Contains(err.Error(), " is forbidden: User ")
}

// tell logs each failure once.
func (r *Registrar) tell(err error) {
	if err == nil {
		r.told = ""
		return
	}
	var fix []any
	if lacksRight(err) {
		fix = []any{"fix", Remedy}
	}
	if r.told != err.Error() {
		r.Log.Error(err, "the managed webhooks are not up to date", fix...)
	}
	r.told = err.Error()
}

// sortedNames are those of both configurations, each once.
func sortedNames(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
