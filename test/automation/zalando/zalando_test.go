// Package zalando_test runs Zalando's postgres-operator behind Stateward.
package zalando_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stateward/stateward/test/automation"
	"github.com/stateward/stateward/test/cluster"
)

const (
	tool      = "postgres-operator"
	module    = "github.com/zalando/postgres-operator"
	namespace = "shop"
	image     = "ghcr.io/zalando/spilo-17:4.0-p3"
	// guardrails are what a team with this operator writes.
	guardrails = `apiVersion: stateward.dev/v1alpha1
kind: Guardrails
metadata: {name: stateward}
spec:
  include: [zalando-postgres]
`
)

// TestPostgresOperator creates the cluster that the operator's own example is.
func TestPostgresOperator(t *testing.T) {
	guarded := automation.ForTest(t)
	guarded.Do(t, guardrails, "create", "-f", "-")
	guarded.Do(t, "", "wait", "--for=condition=Ready", "guardrails/stateward", "--timeout=60s")
	manifests := filepath.Join(automation.Module(t, tool, module), "manifests")
	run(t, guarded, manifests)

	guarded.Do(t, "", "create", "namespace", namespace)
	guarded.Do(t, "", "create", "-n", namespace, "-f", filepath.Join(manifests, "minimal-postgres-manifest.yaml"))
	state := []string{
		"StatefulSet acid-minimal-cluster: 2 of 2 ready with " + image,
		"Service acid-minimal-cluster", "Service acid-minimal-cluster-repl",
		"PersistentVolumeClaim pgdata-acid-minimal-cluster-0: 1Gi", "PersistentVolumeClaim pgdata-acid-minimal-cluster-1: 1Gi",
	}
	guarded.Becomes(t, namespace, state...)

	// Its sets have no owner. What takes them is found by their labels.
	guarded.Refused(t, []string{"[owner-delete]", "StatefulSet acid-minimal-cluster"}, "delete", "postgresql", "acid-minimal-cluster", "-n", namespace)
	guarded.Refused(t, []string{"[claim-in-use]"}, "delete", "pvc", "--all", "-n", namespace)
	guarded.Is(t, namespace, state...)
}

// run starts the operator with the CustomResourceDefinition, rights and settings of its module.
func run(t *testing.T, guarded automation.Cluster, manifests string) {
	t.Helper()
	ports, err := cluster.FreePorts(1)
	automation.Must(t, err)
	guarded.Define(t, filepath.Join(manifests, "postgresql.crd.yaml"))
	for _, file := range []string{"operator-service-account-rbac.yaml", "configmap.yaml"} {
		guarded.Do(t, "", "create", "-f", filepath.Join(manifests, file))
	}
	guarded.Do(t, "", "patch", "configmap", tool, "-p", fmt.Sprintf(`{"data": {"api_port": "%d"}}`, ports[0]))
	guarded.Run(t, automation.Program{
		Tool: tool, Account: automation.Account{Namespace: "default", Name: tool},
		Variables: []string{"CONFIG_MAP_NAME=default/" + tool, "OPERATOR_NAMESPACE=default"},
		Arguments: []string{"-outofcluster", "-kubeconfig={kubeconfig}", "-nodatabaseaccess"},
	})
}
