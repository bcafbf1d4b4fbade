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
	uid, code := g.kubectl(t, "", "get", "rabbitmqcluster", "rmq", "-o", "jsonpath={.metadata.uid}")
	if code != 0 {
		t.Fatal(uid)
	}
	set := withClaim(builders.MakeStatefulSet().Replicas(2))
	owner := metav1.OwnerReference{APIVersion: "rabbitmq.com/v1beta1", Kind: "RabbitmqCluster", Name: "rmq", UID: types.UID(uid)}
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
	g.allowed(t, "", "delete", "crd", "rabbitmqclusters.rabbitmq.com")
}
