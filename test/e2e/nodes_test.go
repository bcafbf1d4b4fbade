package e2e_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
)

// nodesStay deletes the node of a set with a claim, before and after an API server asks about that. Deletions of it are dry
// runs: the node is the cluster's.
func nodesStay(t *testing.T, g guard) {
	g = newGuard(t, g.Environment)
	g.allowed(t, guardrails("  rules: [{id: node-delete, action: deny}]\n"), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	g.create(t, withClaim(builders.MakeStatefulSet().Replicas(1)))
	g.settled(t, 1)
	pod, err := g.Client.CoreV1().Pods(g.namespace).Get(t.Context(), "web-0", metav1.GetOptions{})
	must(t, err)
	node := pod.Spec.NodeName
	gone := []string{"delete", "node", node, "--dry-run=server"}
	g.allowed(t, "", gone...)
	g.asksAbout(t, "node-delete")
	g.eventuallySays(t, true, "[node-delete]", gone...)
	g.says(t, true, "", []string{
		`node "` + node + `" is Ready and runs ` + g.namespace + `/web-0`,
		"kubectl drain " + node + " --ignore-daemonsets --delete-emptydir-data",
		"stateward confirm node/" + node + " delete --rules node-delete",
	}, gone...)
	g.allowed(t, "", append(gone, "--as=system:serviceaccount:kube-system:cluster-autoscaler", "--as-group=system:masters")...)
	if output, code := g.stateward(t, "alice", "confirm", "node/"+node, "delete"); code != 0 {
		t.Fatalf("exit code %d: %s", code, output)
	}
	g.warned(t, "node-delete", gone...)

	volumeStaysAttached(t, g, pod)
	_, err = g.Client.CoreV1().Nodes().Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "empty"}}, metav1.CreateOptions{})
	must(t, err)
	g.allowed(t, "", "delete", "node", "empty")
}

// volumeStaysAttached deletes the attachment of the volume of a pod that runs. No CSI driver runs here: the test is the attacher.
func volumeStaysAttached(t *testing.T, g guard, pod *corev1.Pod) {
	claim, err := g.Client.CoreV1().PersistentVolumeClaims(g.namespace).Get(t.Context(), "www-web-0", metav1.GetOptions{})
	must(t, err)
	api := g.Client.StorageV1().VolumeAttachments()
	attach := func(name, node string) {
		made, err := api.Create(t.Context(), &storagev1.VolumeAttachment{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: storagev1.VolumeAttachmentSpec{
				Attacher: "csi.example.com", NodeName: node,
				Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: &claim.Spec.VolumeName},
			},
		}, metav1.CreateOptions{})
		must(t, err)
		made.Status.Attached = true
		_, err = api.UpdateStatus(t.Context(), made, metav1.UpdateOptions{})
		must(t, err)
	}
	attach("csi-here", pod.Spec.NodeName)
	attach("csi-elsewhere", "elsewhere")
	detach := []string{"delete", "volumeattachment", "csi-here", "--dry-run=server"}
	g.allowed(t, guardrails("  rules: [{id: volume-attachment, action: deny}]\n"), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	g.allowed(t, "", detach...)
	g.asksAbout(t, "volume-attachment")
	g.eventuallySays(t, true, "[volume-attachment]", detach...)
	g.says(t, true, "", []string{`pod ` + g.namespace + `/web-0 on node "` + pod.Spec.NodeName + `" still uses volume "` + claim.Spec.VolumeName}, detach...)
	g.allowed(t, "", append(detach, "--as=system:serviceaccount:kube-system:attachdetach-controller", "--as-group=system:masters")...)
	if output, code := g.stateward(t, "alice", "confirm", "volumeattachment/csi-here", "delete"); code != 0 {
		t.Fatalf("exit code %d: %s", code, output)
	}
	g.warned(t, "volume-attachment", detach...)
	g.allowed(t, "", "delete", "volumeattachment", "csi-elsewhere")
}
