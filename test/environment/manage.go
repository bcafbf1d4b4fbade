package environment

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/webhook/registration"
)

// Manage lets Stateward add webhooks to its registration, for a kind that the manifests do not have.
func (e *Environment) Manage(ctx context.Context) error {
	root, err := cluster.Root()
	if err != nil {
		return err
	}
	rights := filepath.Join(root, "manifests", "components", "manage-registration", "rbac.yaml")
	if err := e.MustKubectl(ctx, "apply", "-n", registration.Namespace, "-f", rights); err != nil {
		return err
	}
	for _, text := range []string{builders.ClusterDefinition(), builders.Managing} {
		if err := e.applied(ctx, text); err != nil {
			return err
		}
	}
	return e.MustKubectl(ctx, "wait", "--for=condition=RegistrationManaged", "guardrails/stateward", "--timeout=120s")
}

// applied applies a text as soon as the API server takes it: what checks Guardrails must first learn of a new kind.
func (e *Environment) applied(ctx context.Context, text string) error {
	for {
		output, err := e.KubectlWithInput(ctx, strings.NewReader(text), "apply", "-f", "-")
		if err != nil || output.ExitCode == 0 {
			return err
		}
		if !strings.Contains(output.Stderr, "the cluster has no kind") {
			return fmt.Errorf("kubectl apply: %s", output.Stderr)
		}
	}
}
