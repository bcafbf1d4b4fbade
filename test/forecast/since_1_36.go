//go:build !before_1_36

package forecast

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	appsv1 "k8s.io/api/apps/v1"
)

// manager is statefulset.StatefulPodControlObjectManager.
func (c *cluster) manager() *cluster { return c }

func (r revisions) ListControllerRevisions(metav1.Object, schema.GroupVersionKind, labels.Selector) ([]*appsv1.ControllerRevision, error) {
	return r.list(), nil
}
