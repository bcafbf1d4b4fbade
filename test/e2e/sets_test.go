package e2e_test

import (
	"context"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
)

// settled waits until all pods of web are ready, whatever the update strategy; `kubectl rollout status` knows one only.
func (g guard) settled(t *testing.T, replicas int32) {
	t.Helper()
	g.ready(t, "web", replicas)
}

func (g guard) ready(t *testing.T, name string, replicas int32) {
	t.Helper()
	eventually(t, "the pods are ready", func(ctx context.Context) (bool, error) {
		set, err := g.Client.AppsV1().StatefulSets(g.namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		return set.Status.ReadyReplicas == replicas, nil
	})
}

func withClaim(set *builders.StatefulSet) *builders.StatefulSet { return set.Claim("/data") }

// mountedAt is withClaim at another path.
func mountedAt(path string, set *builders.StatefulSet) *builders.StatefulSet { return set.Claim(path) }

// ofClass names the storage class of the only claim template.
func ofClass(class string, set *builders.StatefulSet) *builders.StatefulSet {
	withClaim(set).Spec.VolumeClaimTemplates[0].Spec.StorageClassName = &class
	return set
}

// relabelled gives the set labels of its own.
func relabelled(set *builders.StatefulSet, labels map[string]string) *builders.StatefulSet {
	set.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	set.Spec.Template.Labels = labels
	return set
}

func deletesClaims(set *builders.StatefulSet) *builders.StatefulSet {
	return set.Retention(appsv1.RetainPersistentVolumeClaimRetentionPolicyType, appsv1.DeletePersistentVolumeClaimRetentionPolicyType)
}

func labelled(set *builders.StatefulSet) *builders.StatefulSet {
	set.Labels = map[string]string{"stateward.dev/quorum": "true"}
	return set
}

func onDelete(set *builders.StatefulSet) *builders.StatefulSet {
	set.Spec.UpdateStrategy.Type = appsv1.OnDeleteStatefulSetStrategyType
	return set
}
