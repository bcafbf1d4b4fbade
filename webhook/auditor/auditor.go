// Package auditor evaluates all stored objects of a cluster in the background of one replica, and writes what it finds into
// reports and metrics. A change is evaluated within seconds, everything once an interval. No decision about a request reads what
// it writes.
package auditor

import (
	"context"
	"encoding/json"
	"runtime"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
)

// tick is how often it looks for something to do.
const tick = 200 * time.Millisecond

// Stock is the stored objects that caches hold; cluster.Inventory implements it.
type Stock interface {
	inventory.Inventory
	// Holds reports whether a cache holds all objects of a resource.
	Holds(resource string) bool
	// Stored lists the objects of a namespace, by name; each function returns the JSON of one.
	Stored(resource, namespace string) ([]func() (json.RawMessage, error), error)
	// Namespaces lists the namespaces that hold an object of these resources.
	Namespaces(resources []string) []string
}

// Discovery lists the resources of a version of an API; discovery.DiscoveryClient has it.
type Discovery interface {
	ServerResourcesForGroupVersion(groupVersion string) (*metav1.APIResourceList, error)
}

// Policy is what evaluates, and what there is.
type Policy struct {
	Engine *engine.Engine
	Stock  Stock
}

// Options are what New needs.
type Options struct {
	// Policy is that in force; an error says that there is none yet.
	Policy func() (Policy, error)
	// Follow calls changed for each change of an object of these resources, until stop is called.
	Follow func(ctx context.Context, resources []string, changed func(resource, namespace string)) (stop func(), err error)
	// API reads what no cache holds, and writes reports. Discovery finds out which reports the cluster has.
	API       dynamic.Interface
	Discovery Discovery
	// StoredGuardrails says that the Guardrails in force are an object of the cluster.
	StoredGuardrails bool
	// Interval is the time from the start of one full pass to that of the next.
	Interval time.Duration
	Metrics  *Metrics
	Now      func() time.Time
	// Measure begins to measure the processor time of a piece of work, as the result of NewMeter does.
	Measure func() (cost func() time.Duration)
	Log     logr.Logger
}

// Auditor evaluates what is stored. Only one of a cluster may run at a time.
type Auditor struct {
	Options

	budget  budget
	writer  *writer
	changes *changes
	// urgent are the namespaces in which something has changed.
	urgent []*unit
	// inRow counts the units since the last one of the pass.
	inRow  int
	pass   *pass
	copies *copies
	// due is when the next full pass begins.
	due time.Time
	// seen is what the last evaluation of each namespace has seen of the use of exceptions.
	seen map[string]seen
	// sawAll says that each namespace has been evaluated, or has failed, since the policy has changed.
	sawAll bool

	inForce *engine.Engine
	stop    func()
	// failed is true since the last unit failed.
	failed bool
}

// New makes an Auditor that does nothing before Run.
func New(options Options) *Auditor {
	return &Auditor{
		Options: options, changes: &changes{due: map[string]time.Time{}}, seen: map[string]seen{},
		writer: &writer{Options: options, none: map[string]bool{}}, copies: newCopies(options.API, options.Log), stop: func() {},
	}
}

// Run evaluates until ctx ends. What it has found is no longer among the metrics then.
func (a *Auditor) Run(ctx context.Context) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	a.Log.Info("the audit runs in this replica")
	a.Metrics.begin(a.Now())
	a.budget.since = a.Now()
	defer a.Metrics.end()
	defer func() { a.stop() }()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		a.Turn(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Turn does what there is to do and the budget allows.
func (a *Auditor) Turn(ctx context.Context) {
	policy, err := a.Policy()
	if err != nil {
		return
	}
	a.budget.repay(a.Now())
	if err := a.follow(ctx, policy); err != nil {
		a.complain(ctx, err, "the audit cannot follow changes yet")
		return
	}
	if a.writer.discover() {
		a.due, a.pass, a.urgent = a.Now(), nil, nil
	}
	if a.pass == nil && !a.Now().Before(a.due) {
		a.begin(policy)
	}
	a.takeChanges(policy)
	for ctx.Err() == nil {
		next := a.next(policy)
		if next == nil {
			return
		}
		a.advance(ctx, next)
	}
}

// follow starts over when the policy changes: the rules may then find and look up something else.
func (a *Auditor) follow(ctx context.Context, policy Policy) error {
	if a.inForce == policy.Engine {
		return nil
	}
	stop, err := a.Follow(ctx, triggers(policy), a.changed)
	if err != nil {
		return err
	}
	a.stop()
	a.stop, a.inForce, a.due, a.urgent, a.pass = stop, policy.Engine, a.Now(), nil, nil
	a.seen, a.sawAll = map[string]seen{}, false
	return nil
}

// advance does the next step of a unit of work.
func (a *Auditor) advance(ctx context.Context, next *unit) {
	cost := a.Measure()
	requests, done, err := next.step(ctx)
	a.budget.spend(cost() + time.Duration(requests)*perRequest)
	switch {
	case err != nil:
		a.complain(ctx, err, "a part of the cluster is not audited yet")
		a.changes.mark(next.namespace, a.Now().Add(retry))
		a.leave(next)
		a.seen[next.namespace] = seen{failed: true}
		if a.pass != nil {
			a.pass.failed = true
		}
	case done:
		a.failed = false
		a.leave(next)
	}
}

// complain logs the first of failures in a row.
func (a *Auditor) complain(ctx context.Context, err error, what string) {
	if ctx.Err() == nil && !a.failed {
		a.Log.Error(err, what)
		a.failed = true
	}
}
