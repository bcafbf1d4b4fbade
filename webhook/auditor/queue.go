package auditor

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/stateward/stateward/policies/stored"
	"github.com/stateward/stateward/webhook/registration"
)

const (
	// settling is how long further changes of a namespace are waited for.
	settling = 2 * time.Second
	// retry is how long after a failure a namespace is evaluated again.
	retry = 30 * time.Second
	// mostInRow is how many changed namespaces are evaluated before a pass that waits goes on with one: in a cluster where something
	// changes all the time it would never end.
	mostInRow = 10
)

// changes are the namespaces in which something has changed, and when they are to be evaluated.
type changes struct {
	mutex sync.Mutex
	due   map[string]time.Time
}

// mark keeps the earlier time: constant changes put nothing off.
func (c *changes) mark(namespace string, due time.Time) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if earlier, marked := c.due[namespace]; !marked || due.Before(earlier) {
		c.due[namespace] = due
	}
}

// take returns, sorted, what is due.
func (c *changes) take(now time.Time) (namespaces []string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for namespace, due := range c.due {
		if !now.Before(due) {
			namespaces = append(namespaces, namespace)
			delete(c.due, namespace)
		}
	}
	slices.Sort(namespaces)
	return namespaces
}

// pass is a look at everything: at each namespace, and last at the objects of the whole cluster.
type pass struct {
	started time.Time
	left    []string
	current *unit
	// failed says that something could not be evaluated or written in the meantime.
	failed bool
}

// triggers are the resources whose changes are evaluated at once, if rules read them. Objects that change all the time, such as
// pods, change the status of their StatefulSet.
func triggers(policy Policy) []string {
	return slices.DeleteFunc([]string{"statefulsets", "persistentvolumeclaims", "services", "poddisruptionbudgets"}, func(resource string) bool {
		return !policy.Stock.Holds(resource)
	})
}

func (a *Auditor) changed(_, namespace string) { a.changes.mark(namespace, a.Now().Add(settling)) }

// begin begins a full pass.
func (a *Auditor) begin(policy Policy) {
	a.due = a.Now().Add(a.Interval)
	var resources []string
	for _, each := range stored.LookedUp(policy.Engine) {
		resources = append(resources, each.Name)
	}
	namespaces := slices.DeleteFunc(policy.Stock.Namespaces(resources), registration.IsExempt)
	isGone := func(namespace string) bool {
		_, there := slices.BinarySearch(namespaces, namespace)
		return !there && namespace != wholeCluster
	}
	maps.DeleteFunc(a.seen, func(namespace string, _ seen) bool { return isGone(namespace) })
	a.Metrics.forget(isGone)
	a.copies = newCopies(a.API, a.Log)
	a.pass = &pass{started: a.Now(), left: append(namespaces, wholeCluster)}
}

// takeChanges queues the namespaces that are due. One that the pass is at is evaluated again from its beginning, and one that waits in
// the queue does so once, however often it changes meanwhile.
func (a *Auditor) takeChanges(policy Policy) {
	for _, namespace := range a.changes.take(a.Now()) {
		if registration.IsExempt(namespace) {
			continue
		}
		if a.pass != nil && a.pass.current != nil && a.pass.current.namespace == namespace {
			a.pass.current = nil
		}
		if !slices.ContainsFunc(a.urgent, func(each *unit) bool { return each.namespace == namespace && !each.begun }) {
			a.urgent = append(a.urgent, a.newUnit(policy, namespace))
		}
	}
}

// next returns the next unit within the budget, nil for none.
func (a *Auditor) next(policy Policy) *unit {
	if len(a.urgent) > 0 && (a.pass == nil || a.inRow < mostInRow) {
		if a.budget.allows(true) {
			return a.urgent[0]
		}
		return nil
	}
	if a.pass == nil || !a.budget.allows(false) {
		return nil
	}
	if a.pass.current != nil {
		return a.pass.current
	}
	if len(a.pass.left) == 0 {
		if !a.pass.failed {
			a.Metrics.finished(a.pass.started, a.Now())
		}
		a.pass = nil
		return nil
	}
	a.sawAll = a.sawAll || a.pass.left[0] == wholeCluster
	a.pass.current = a.newUnit(policy, a.pass.left[0])
	a.pass.left = a.pass.left[1:]
	return a.pass.current
}

// leave ends with a unit.
func (a *Auditor) leave(ended *unit) {
	a.urgent = slices.DeleteFunc(a.urgent, func(each *unit) bool { return each == ended })
	a.inRow++
	if a.pass != nil && a.pass.current == ended {
		a.pass.current, a.inRow = nil, 0
	}
}
