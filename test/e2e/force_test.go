package e2e_test

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
)

// TestPodOfAnUnreachableNodeIsGuarded puts a pod of a set on a node that has no kubelet: its deletion never ends.
func TestPodOfAnUnreachableNodeIsGuarded(t *testing.T) {
	g := newGuard(t, shared(t))
	g.create(t, builders.MakeStatefulSet().Replicas(1))
	g.settled(t, 1)
	g.denied(t, "force-delete-pod", "delete", "pod", "web-0", "--force")
	g.allowed(t, "", "delete", "pod", "web-0")
	g.settled(t, 1)

	for _, name := range []string{"silent", "switched-off"} {
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if _, err := g.Client.CoreV1().Nodes().Create(t.Context(), node, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	g.stranded(t, "web-8", "silent")
	g.stranded(t, "web-9", "switched-off")
	for _, pod := range []string{"web-8", "web-9"} {
		g.allowed(t, "", "delete", "pod", pod, "--wait=false")
		g.denied(t, "force-delete-pod", "delete", "pod", pod, "--force", "--wait=false")
		g.allowed(t, "", "delete", "pod", pod, "--wait=false")
	}
	if output, code := g.stateward(t, "alice", "confirm", "pod/web-8", "delete"); code != 0 {
		t.Fatalf("exit code %d: %s", code, output)
	}
	g.warned(t, "force-delete-pod", "delete", "pod", "web-8", "--force")
	g.allowed(t, "", "taint", "node", "switched-off", "node.kubernetes.io/out-of-service=nodeshutdown:NoSchedule")
	eventually(t, "the webhook sees the taint", func(context.Context) (bool, error) {
		output, code := g.kubectl(t, "", "delete", "pod", "web-9", "--force", "--ignore-not-found")
		return code == 0 && !strings.Contains(output, "["), nil
	})
}

// TestForcedDeletionOfAnOrphanIsDeniedWithoutItsLabels removes what else says that the pod is of a set.
func TestForcedDeletionOfAnOrphanIsDeniedWithoutItsLabels(t *testing.T) {
	g := newGuard(t, shared(t))
	g.create(t, builders.MakeStatefulSet().Replicas(2))
	g.settled(t, 2)
	g.orphaned(t)
	g.allowed(t, "", "label", "pod", "web-0", "statefulset.kubernetes.io/pod-name-", "app-", "controller-revision-hash-", "apps.kubernetes.io/pod-index-")
	g.denied(t, "force-delete-pod", "delete", "pod", "web-0", "--force")
	g.denied(t, "force-delete-pod", "delete", "pod", "web-1", "--force")
	g.allowed(t, "", "run", "lone", "--image=nginx:1.27.4", "--overrides", `{"spec":{"hostname":"lone-0"}}`)
	g.allowed(t, "", "delete", "pod", "lone", "--force")
	g.allowed(t, "", "delete", "pod", "web-0")
}

// orphaned deletes the set, and waits until its pods have no owner.
func (g guard) orphaned(t *testing.T) {
	t.Helper()
	g.warned(t, "orphan-delete", "delete", "statefulset", "web", "--cascade=orphan")
	eventually(t, "the pods have no owner", func(ctx context.Context) (bool, error) {
		pods, err := g.Client.CoreV1().Pods(g.namespace).List(ctx, metav1.ListOptions{})
		for _, pod := range pods.Items {
			if metav1.GetControllerOf(&pod) != nil {
				return false, err
			}
		}
		return len(pods.Items) > 0, err
	})
}

// stranded makes one more pod of the set, on a node of the test's choice.
func (g guard) stranded(t *testing.T, name, node string) {
	t.Helper()
	set, err := g.Client.AppsV1().StatefulSets(g.namespace).Get(t.Context(), "web", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:            name,
			Labels:          set.Spec.Selector.MatchLabels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(set, set.GroupVersionKind())},
		},
		Spec: set.Spec.Template.Spec,
	}
	pod.OwnerReferences[0].APIVersion, pod.OwnerReferences[0].Kind = "apps/v1", "StatefulSet"
	pod.Spec.NodeName = node
	if _, err := g.Client.CoreV1().Pods(g.namespace).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}
