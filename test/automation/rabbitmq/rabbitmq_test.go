// Package rabbitmq_test runs RabbitMQ's cluster-operator behind Stateward.
package rabbitmq_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stateward/stateward/test/automation"
)

const (
	tool      = "rabbitmq-operator"
	module    = "github.com/rabbitmq/cluster-operator/v2"
	namespace = "queues"
	image     = "registry.example/rabbitmq:4.1.3-management"
	object    = "rabbitmqcluster.rabbitmq.com/rmq"
)

// TestRabbitMQOperator goes through the life of a cluster, one step after the other.
func TestRabbitMQOperator(t *testing.T) {
	guarded := automation.ForTest(t)
	run(t, guarded)
	guarded.Do(t, "", "create", "namespace", namespace)

	cluster(t, guarded, 1)
	guarded.Becomes(t, namespace, state(1)...)
	cluster(t, guarded, 3)
	guarded.Becomes(t, namespace, state(3)...)

	owns := []string{"[owner-delete]", "StatefulSet rmq-server"}
	guarded.Refused(t, owns, "delete", object, "-n", namespace)
	guarded.Refused(t, owns, "delete", "crd", "rabbitmqclusters.rabbitmq.com")
	guarded.Is(t, namespace, state(3)...)

	guarded.Stateward(t, "alice", "confirm", object, "delete", "-n", namespace)
	guarded.Do(t, "", "delete", object, "-n", namespace)
	guarded.GoesWithOwner(t, namespace)
}

// run starts the operator with the CustomResourceDefinition and rights of its module.
func run(t *testing.T, guarded automation.Cluster) {
	t.Helper()
	account := automation.Account{Namespace: "rabbitmq-system", Name: "rabbitmq-cluster-operator"}
	config := filepath.Join(automation.Module(t, tool, module), "config")
	guarded.Define(t, filepath.Join(config, "crd", "bases"))
	guarded.Do(t, "", "create", "namespace", account.Namespace)
	for _, file := range []string{"service_account", "role", "role_binding", "leader_election_role", "leader_election_role_binding"} {
		guarded.Do(t, "", "apply", "-n", account.Namespace, "-f", filepath.Join(config, "rbac", file+".yaml"))
	}
	guarded.Run(t, automation.Program{
		Tool: tool, Account: account, Variables: []string{"OPERATOR_NAMESPACE=" + account.Namespace},
		Arguments: []string{"-metrics-bind-address=0", "-health-probe-bind-address=127.0.0.1:0"},
	})
}

// cluster applies the custom resource.
func cluster(t *testing.T, guarded automation.Cluster, replicas int) {
	t.Helper()
	guarded.Do(t, fmt.Sprintf(`apiVersion: rabbitmq.com/v1beta1
kind: RabbitmqCluster
metadata: {name: rmq, namespace: %s}
spec:
  replicas: %d
  image: %s
  persistence: {storage: 1Gi}
`, namespace, replicas, image), "apply", "-f", "-")
}

func state(replicas int) []string {
	state := []string{
		fmt.Sprintf("StatefulSet rmq-server: %[1]d of %[1]d ready with %[2]s", replicas, image),
		"Service rmq", "Service rmq-nodes",
	}
	for ordinal := range replicas {
		state = append(state, fmt.Sprintf("PersistentVolumeClaim persistence-rmq-server-%d: 1Gi", ordinal))
	}
	return state
}
