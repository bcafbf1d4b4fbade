package admission

import (
	"errors"
	"sync/atomic"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
)

// Policy is a library under Guardrails, and the inventory that its rules read. One Policy decides a request from beginning to end.
type Policy struct {
	Engine    *engine.Engine
	Inventory inventory.Inventory
	// Provisional reports that the Guardrails of the cluster were refused before any were in force, and others replace them.
	Provisional bool
}

// InForce holds the current Policy. There is none until the caches have been complete once; watches keep them complete.
type InForce struct{ policy atomic.Pointer[Policy] }

// Set brings a Policy into force.
func (f *InForce) Set(policy *Policy) { f.policy.Store(policy) }

// Current returns the Policy in force, or why there is none yet.
func (f *InForce) Current() (*Policy, error) {
	if policy := f.policy.Load(); policy != nil {
		return policy, nil
	}
	return nil, errors.New("the caches are not complete yet: check that the API server is reachable and that Stateward may list and watch")
}
