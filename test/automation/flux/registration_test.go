package flux_test

import (
	"testing"

	"github.com/stateward/stateward/test/automation"
)

// TestKustomizeControllerLeavesManagedWebhooks keeps the registration in git, and lets Stateward add to it.
func TestKustomizeControllerLeavesManagedWebhooks(t *testing.T) {
	f := run(t, automation.ForTest(t))
	f.source.push(t, f.Registration(t))
	apply := func() { f.ready(t, f.reconcile(t)) }
	apply()
	f.Manage(t)
	f.StaysManaged(t, 20, apply, apply)
}
