package recorder

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/confirmations"
)

// reasonUsed is the reason of the Event about a use of a Confirmation.
const reasonUsed = "ConfirmationUsed"

// Used is one use of a Confirmation.
type Used struct {
	// Confirmation is its namespace and name.
	Confirmation types.NamespacedName
	Use          confirmations.Use
}

// Use takes a use for writing. It never waits.
func (r *Recorder) Use(used Used) {
	if r != nil {
		offer(r, ofConfirmation, r.uses, used)
	}
}

// collect leaves out what it has already: a request that two webhooks of the registration get is one use.
func (r *Recorder) collect(used Used) {
	uses := r.used[used.Confirmation]
	if !slices.ContainsFunc(uses, func(other confirmations.Use) bool {
		other.Time = used.Use.Time
		return other == used.Use
	}) {
		r.used[used.Confirmation] = append(uses, used.Use)
	}
}

func (r *Recorder) writeUses(ctx context.Context) {
	for key, uses := range r.used {
		stored, err := r.addUses(ctx, key, uses)
		switch {
		case err == nil:
			r.done(ofConfirmation, Written, nil)
			r.tellUses(ctx, stored, uses)
		case apierrors.IsNotFound(err), meta.IsNoMatchError(err):
			r.done(ofConfirmation, Gone, nil)
		default:
			r.done(ofConfirmation, Failed, err)
		}
	}
	clear(r.used)
}

// tellUses writes an Event about each use, which says more than the status lists.
func (r *Recorder) tellUses(ctx context.Context, confirmation *confirmations.Confirmation, uses []confirmations.Use) {
	for _, use := range uses {
		r.writeEvent(ctx, Event{
			Object: corev1.ObjectReference{
				APIVersion: policies.Group + "/" + policies.Version, Kind: confirmations.Kind,
				Namespace: confirmation.Namespace, Name: confirmation.Name, UID: confirmation.UID,
			},
			Type: corev1.EventTypeNormal, Reason: reasonUsed,
			Message: fmt.Sprintf("used by %s: %s %s %s", use.User, use.Operation, use.Resource, use.Name),
		})
	}
}

// addUses adds to the status as it is now. Another replica that adds at the same time is a conflict, so no use is lost.
func (r *Recorder) addUses(ctx context.Context, key types.NamespacedName, uses []confirmations.Use) (*confirmations.Confirmation, error) {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	stored := &confirmations.Confirmation{}
	// Eight waits of together some three seconds, within writeTimeout: busy replicas conflict often.
	patience := wait.Backoff{Steps: 9, Duration: 10 * time.Millisecond, Factor: 2, Jitter: 0.2}
	return stored, retry.RetryOnConflict(patience, func() error {
		if err := r.Client.Get(ctx, key, stored); err != nil {
			return err
		}
		patch, err := added(stored, uses)
		if err != nil {
			return err
		}
		return r.Client.Status().Patch(ctx, stored, client.RawPatch(types.MergePatchType, patch))
	})
}

// added is the patch of the status. With the resourceVersion, the API server takes it only if nothing else has changed.
func added(stored *confirmations.Confirmation, uses []confirmations.Use) ([]byte, error) {
	var status confirmations.Status
	if stored.Status != nil {
		status = *stored.Status
	}
	status.Add(uses...)
	return json.Marshal(map[string]any{
		"metadata": map[string]string{"resourceVersion": stored.ResourceVersion},
		"status":   status,
	})
}
