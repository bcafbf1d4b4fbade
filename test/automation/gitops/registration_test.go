package gitops_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stateward/stateward/test/automation"
)

// TestGitOpsEngineLeavesManagedWebhooks keeps the registration in git, and lets Stateward add to it.
func TestGitOpsEngineLeavesManagedWebhooks(t *testing.T) {
	a := run(t, automation.ForTest(t))
	a.push(t, a.Registration(t))
	sync := func() {
		result := a.sync(t)
		automation.Contains(t, result, "validatingwebhookconfiguration.admissionregistration.k8s.io/stateward ", "mutatingwebhookconfiguration.admissionregistration.k8s.io/stateward ")
		if strings.Contains(result, "error") || strings.Contains(result, "failed") {
			t.Fatalf("a sync did not apply the registration: %s", result)
		}
	}
	sync()
	a.Manage(t)
	before := a.differences(t)
	if before == 0 {
		t.Fatal("gitops-engine has not found that the registration was not as in git")
	}
	a.StaysManaged(t, 20, func() {
		sync()
		if found := a.differences(t) - before; found != 0 {
			t.Fatalf("gitops-engine has found %d differences from git", found)
		}
	}, sync)
}

// differences counts the syncs that found the cluster to differ from git: those alone run hooks.
func (a agent) differences(t *testing.T) int {
	t.Helper()
	log, err := os.ReadFile(a.Process(tool).LogPath())
	automation.Must(t, err)
	if !strings.Contains(string(log), "skipHooks=") {
		t.Fatal("the log of the agent does not say whether hooks run")
	}
	return strings.Count(string(log), "skipHooks=false started=false")
}
