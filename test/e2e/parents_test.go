package e2e_test

import (
	"context"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stateward/stateward/test/builders"
)

// TestOwnersOfRunningSets deletes a custom resource, with which the garbage collector deletes the set and its claims.
func TestOwnersOfRunningSets(t *testing.T) {
	g := newGuard(t, shared(t))
	g.allowed(t, builders.RabbitMQ, "create", "-f", "-")
	cluster := func(name string) string {
		return "apiVersion: rabbitmq.com/v1beta1\nkind: RabbitmqCluster\nmetadata: {name: " + name + "}\n"
	}
	g.eventuallyAllowed(t, cluster("rmq"), "create", "-f", "-")
	g.allowed(t, cluster("idle"), "create", "-f", "-")
	set := withClaim(builders.MakeStatefulSet().Replicas(2))
	owner := metav1.OwnerReference{APIVersion: "rabbitmq.com/v1beta1", Kind: "RabbitmqCluster", Name: "rmq", UID: types.UID(g.uid(t, "rabbitmqcluster/rmq"))}
	set.OwnerReferences = []metav1.OwnerReference{owner}
	set.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
		WhenDeleted: appsv1.DeletePersistentVolumeClaimRetentionPolicyType,
		WhenScaled:  appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
	}
	g.create(t, set)
	g.settled(t, 2)

	g.eventuallySays(t, true, `RabbitmqCluster "rmq" owns StatefulSet web: deleting it stops 2 pods and DELETES 2 claims with 2Gi of data`,
		"delete", "rabbitmqcluster", "rmq")
	g.says(t, true, "", []string{"[owner-delete]", "the objects of kind RabbitmqCluster own StatefulSet web"}, "delete", "crd", "rabbitmqclusters.rabbitmq.com")
	g.allowed(t, "", "delete", "rabbitmqcluster", "idle")
	g.allowed(t, "", "delete", "rabbitmqcluster", "rmq", "--cascade=orphan", "--dry-run=server")

	g.confirmed(t, "rabbitmqcluster.rabbitmq.com/rmq", "delete")
	g.warned(t, "owner-delete", "delete", "rabbitmqcluster", "rmq")
	eventually(t, "the set and its claims are gone", func(context.Context) (bool, error) {
		output, _ := g.kubectl(t, "", "get", "statefulset,pvc")
		return strings.Contains(output, "No resources found"), nil
	})
	ownedThroughOthers(t, g, cluster("chain"))
	g.allowed(t, "", "delete", "crd", "rabbitmqclusters.rabbitmq.com")
}

// ownedThroughOthers deletes a custom resource that owns something else, which owns the set: once of a kind that Stateward may
// not read, and once of one that it may.
func ownedThroughOthers(t *testing.T, g guard, parent string) {
	g.allowed(t, parent, "create", "-f", "-")
	owned := func(kind, name, owner string) {
		g.allowed(t, "", append(breakGlass(), "patch", kind, name, "--type=merge", "-p", owner)...)
	}
	set := builders.MakeStatefulSet().Replicas(1)
	set.Namespace = g.namespace
	g.allowed(t, string(builders.JSON(set.StatefulSet)), append(breakGlass(), "create", "-f", "-")...)
	g.settled(t, 1)
	for _, kind := range []string{"serviceaccount", "configmap"} {
		g.allowed(t, "", "create", kind, "between")
		owned(kind, "between", ownedBy("rabbitmq.com/v1beta1", "RabbitmqCluster", "chain", g.uid(t, "rabbitmqcluster/chain"), true))
	}
	deletion := []string{"delete", "rabbitmqcluster", "chain", "--dry-run=server"}

	owned("statefulset", "web", ownedBy("v1", "ServiceAccount", "between", g.uid(t, "serviceaccount/between"), true))
	g.says(t, false, "", []string{
		`Warning: [owner-delete] metadata.name: whether StatefulSet "web" goes with it is not known: Stateward may not get serviceaccounts`,
	}, deletion...)
	owned("statefulset", "web", ownedBy("v1", "ConfigMap", "between", g.uid(t, "configmap/between"), true))
	g.says(t, true, "", []string{`[owner-delete] metadata.name: RabbitmqCluster "chain" owns StatefulSet web: deleting it stops 1 pod`}, deletion...)
	g.says(t, true, "", []string{"[owner-delete]", "the objects of kind RabbitmqCluster own StatefulSet web"},
		"delete", "crd", "rabbitmqclusters.rabbitmq.com", "--dry-run=server")

	g.confirmed(t, "rabbitmqcluster.rabbitmq.com/chain", "delete")
	g.warned(t, "owner-delete", "delete", "rabbitmqcluster", "chain")
	eventually(t, "the set is gone with the owner of its owner", func(context.Context) (bool, error) {
		output, _ := g.kubectl(t, "", "get", "statefulset")
		return strings.Contains(output, "No resources found"), nil
	})
}

func (g guard) uid(t *testing.T, object string) string {
	t.Helper()
	uid, code := g.kubectl(t, "", "get", object, "-o", "jsonpath={.metadata.uid}")
	if code != 0 || uid == "" {
		t.Fatal(uid)
	}
	return uid
}
