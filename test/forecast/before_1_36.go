//go:build before_1_36

package forecast

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// manager is statefulset.StatefulPodControlObjectManager, whose methods did not get the StatefulSet before 1.36.
type manager struct{ *cluster }

func (c *cluster) manager() manager { return manager{c} }

func (m manager) UpdatePod(pod *corev1.Pod) error { return m.cluster.UpdatePod(pod, nil) }

func (m manager) CreateClaim(claim *corev1.PersistentVolumeClaim) error {
	return m.cluster.CreateClaim(claim, nil)
}

func (m manager) UpdateClaim(claim *corev1.PersistentVolumeClaim) error {
	return m.cluster.UpdateClaim(claim, nil)
}

func (m manager) CreatePod(ctx context.Context, pod *corev1.Pod) error {
	return m.cluster.CreatePod(ctx, pod, nil)
}

func (r revisions) ListControllerRevisions(metav1.Object, labels.Selector) ([]*appsv1.ControllerRevision, error) {
	return r.list(), nil
}
