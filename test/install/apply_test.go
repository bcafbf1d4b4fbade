// Package install applies the overlays as people do.
package install_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/test/cluster"
)

// TestOverlaysApplyToARealAPIServer begins with the one that only records and goes on to one that refuses, as the README
// says. The overlays with cert-manager need its kinds.
func TestOverlaysApplyToARealAPIServer(t *testing.T) {
	running := cluster.ForTest(t)
	base := filepath.Join("..", "..", "manifests", "base")
	overlays := filepath.Join("..", "..", "manifests", "overlays")
	policies := []string{"get", "validatingwebhookconfiguration", "stateward", "-o", "jsonpath={.webhooks[*].failurePolicy}"}

	kubectl(t, running, "apply", "-f", filepath.Join(base, "crds"))
	kubectl(t, running, "wait", "--for=condition=Established", "crd/guardrails.stateward.dev")
	kubectl(t, running, "apply", "-k", filepath.Join(overlays, "audit-only"))
	if diff := cmp.Diff(nothingRefused, kubectl(t, running, policies...)); diff != "" {
		t.Errorf("without a running webhook (-want +got):\n%s", diff)
	}
	// The namespace enforces the restricted pod security standard, and its quota the number of critical pods.
	kubectl(t, running, "wait", "--for=condition=Available", "--namespace=stateward-system", "--timeout=60s", "deployment/stateward")

	kubectl(t, running, "delete", "guardrails", "stateward")
	kubectl(t, running, "apply", "-k", filepath.Join(overlays, "self-managed"))
	if diff := cmp.Diff(changesRefused, kubectl(t, running, policies...)); diff != "" {
		t.Errorf("without a running webhook (-want +got):\n%s", diff)
	}
}

// TestInstallationOrderCannotDeadlock registers the webhooks before anything else of Stateward exists, as
// `kubectl apply -k` by itself does for a moment.
func TestInstallationOrderCannotDeadlock(t *testing.T) {
	running := withStatefulSet(t)
	kubectl(t, running, "apply", "-k", overlay(), "-l", "app.kubernetes.io/component=registration")
	refused(t, running)
	kubectl(t, running, "apply", "-k", overlay())
	kubectl(t, running, "rollout", "status", "deployment/stateward", "--namespace=stateward-system", "--timeout=60s")
}

// kubectl returns what it prints, and ends the test where it fails.
func kubectl(t *testing.T, running *cluster.Cluster, args ...string) string {
	t.Helper()
	output, err := running.Kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	if output.ExitCode != 0 {
		t.Fatalf("kubectl %s: %s", strings.Join(args, " "), output.Stderr)
	}
	return output.Stdout
}
