package admission

import (
	"errors"
	"sync/atomic"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
)

// Policy is what decides: a library under Guardrails, and the inventory that its rules look at. A request sees one Policy
// from its beginning to its end.
type Policy struct {
	Engine    *engine.Engine
	Inventory inventory.Inventory
	// Provisional says that the Guardrails of the cluster were refused before any were in force: others decide in their place.
	Provisional bool
}

// InForce holds the Policy that decides now. There is none before the caches have been complete once; from then on
// watches keep them so.
type InForce struct{ policy atomic.Pointer[Policy] }

// Set brings a Policy into force.
func (f *InForce) Set(policy *Policy) { f.policy.Store(policy) }

// Current returns the Policy in force, or why there is none yet: nothing is allowed before.
func (f *InForce) Current() (*Policy, error) {
	if policy := f.policy.Load(); policy != nil {
		return policy, nil
	}
	return nil, errors.New("the caches are not complete yet: check that the API server is reachable and that Stateward may list and watch")
}
