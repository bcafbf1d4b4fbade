package admission

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
)

const (
	// reservedFor is how long an admitted update counts that the API server does not show yet.
	reservedFor = 5 * time.Second
	// mostReserved bounds how many are remembered. What has no room is seen as soon as it is written.
	mostReserved = 1000
	// groupLabel puts a StatefulSet into a rollout group; policies/lib/metadata.rego has it too.
	groupLabel = "stateward.dev/rollout-group"
)

// Reservations are updates of members of rollout groups that this process has decided or admitted and that may not be written
// yet. Until then the API server shows a set at rest, and a second update of its group would be admitted beside the first.
type Reservations struct {
	mutex sync.Mutex
	last  int
	held  map[int]reservation
}

// reservation is one update.
type reservation struct {
	// key is NAMESPACE/NAME, version the resourceVersion that the update replaces.
	key, namespace, version string
	// object is the StatefulSet after the update.
	object json.RawMessage
	// admitted is false until the update is decided.
	admitted bool
	until    time.Time
}

// begin records an update that is about to be decided, and returns a number that is higher than all before; 0 if
// the limit is reached.
func (r *Reservations) begin(update reservation, now time.Time) (order int) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for order, each := range r.held {
		if now.After(each.until) {
			delete(r.held, order)
		}
	}
	if len(r.held) >= mostReserved {
		return 0
	}
	if r.held == nil {
		r.held = map[int]reservation{}
	}
	r.last++
	update.until = now.Add(reservedFor)
	r.held[r.last] = update
	return r.last
}

// settle keeps an admitted update and forgets others.
func (r *Reservations) settle(order int, admitted bool, now time.Time) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	update, known := r.held[order]
	if !known || !admitted {
		delete(r.held, order)
		return
	}
	update.admitted, update.until = true, now.Add(reservedFor)
	r.held[order] = update
}

// before returns the updates that came before this one. Their order makes exactly one of two simultaneous updates wait. A request
// without an order gets the admitted ones.
func (r *Reservations) before(order int, now time.Time) (updates []reservation) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for other, each := range r.held {
		if !now.After(each.until) && (order == 0 && each.admitted || other < order) {
			updates = append(updates, each)
		}
	}
	return updates
}

// reservedInventory is an inventory in which updates are written as soon as they are admitted.
type reservedInventory struct {
	inventory.Live

	engine  *engine.Engine
	updates []reservation
}

// Matching returns the sets as they are or, where the API server shows what an update replaces, as they are about to be.
func (i reservedInventory) Matching(ctx context.Context, namespace, selector string) (ast.Value, error) {
	found, err := i.Live.Matching(ctx, namespace, selector)
	stored, isObject := found.(ast.Object)
	if err != nil || !isObject {
		return found, err
	}
	wanted, err := inventory.ReadSelector(selector)
	if err != nil {
		return nil, err
	}
	for _, update := range i.updates {
		if namespace != "" && namespace != update.namespace || !replaces(update, stored) {
			continue
		}
		object, err := i.engine.ParseObject(update.object)
		if err != nil {
			return nil, err
		}
		if inventory.Matches(object, wanted) {
			stored.Insert(ast.StringTerm(update.key), ast.NewTerm(object))
		}
	}
	return stored, nil
}

// replaces reports whether the stored set is the version before the update. A set that joins the group is not among the stored ones.
func replaces(update reservation, stored ast.Object) bool {
	found := stored.Get(ast.StringTerm(update.key))
	return found == nil || inventory.Version(found.Value) == update.version
}

// reserve returns this inventory as it is for a request, and what to call with the decision.
func (h *Handler) reserve(
	ctx context.Context, policy *Policy, inv inventory.Inventory, request *admissionv1.AdmissionRequest,
) (reserved inventory.Inventory, settle func(admitted bool)) {
	settle = func(bool) {}
	live, isLive := inv.(inventory.Live)
	if h.Reservations == nil || !isLive || request.Operation != admissionv1.Update || request.Kind.Kind != "StatefulSet" || request.SubResource != "" {
		return inv, settle
	}
	update, starts := groupUpdate(policy, request)
	order := 0
	if starts && h.Phase == engine.ValidatingPhase && !ptr.Deref(request.DryRun, false) && !h.stranger(ctx, policy, request) {
		order = h.Reservations.begin(update, h.Now())
		settle = func(admitted bool) { h.Reservations.settle(order, admitted, h.Now()) }
	}
	updates := h.Reservations.before(order, h.Now())
	if len(updates) == 0 {
		return inv, settle
	}
	return reservedInventory{Live: live, engine: policy.Engine, updates: updates}, settle
}

// groupUpdate reads the update of a set that may be in a rollout group; starts is false where its spec stays as it is.
func groupUpdate(policy *Policy, request *admissionv1.AdmissionRequest) (update reservation, starts bool) {
	guardrails := policy.Engine.Guardrails()
	if !bytes.Contains(request.Object.Raw, []byte(groupLabel)) && (guardrails == nil || len(guardrails.Spec.RolloutGroups) == 0) {
		return reservation{}, false
	}
	var before, after metav1.PartialObjectMetadata
	if json.Unmarshal(request.OldObject.Raw, &before) != nil || json.Unmarshal(request.Object.Raw, &after) != nil {
		return reservation{}, false
	}
	return reservation{
		key: request.Namespace + "/" + before.Name, namespace: request.Namespace, version: before.ResourceVersion,
		object: bytes.Clone(request.Object.Raw),
	}, before.Generation != after.Generation
}
