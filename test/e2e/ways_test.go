package e2e_test

import (
	"context"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

// TestKubectlCommandsGetTheSameDecision sets a partition beyond the replicas by each way that kubectl knows.
func TestKubectlCommandsGetTheSameDecision(t *testing.T) {
	g := newGuard(t, shared(t))
	g.create(t, builders.MakeStatefulSet())
	// The controller writes no more then, and what was read is still there to be replaced.
	g.settled(t, 3)
	merge := `{"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":9}}}}`
	wrong := builders.MakeStatefulSet().Partition(9)
	wrong.Namespace = g.namespace
	stored, _ := g.kubectl(t, "", "get", "statefulset", "web", "-o", "yaml")
	edited := strings.Replace(stored, "partition: 0", "partition: 9", 1)
	for name, way := range map[string]struct {
		stdin   string
		command []string
	}{
		"a strategic merge patch": {"", []string{"patch", "statefulset", "web", "-p", merge}},
		"a merge patch":           {"", []string{"patch", "statefulset", "web", "--type=merge", "-p", merge}},
		"a JSON patch": {"", []string{"patch", "statefulset", "web", "--type=json", "-p",
			`[{"op":"add","path":"/spec/updateStrategy","value":{"type":"RollingUpdate","rollingUpdate":{"partition":9}}}]`}},
		"a server-side apply": {string(wrong.JSON()), []string{"apply", "--server-side", "--force-conflicts", "-f", "-"}},
		"a client-side apply": {string(wrong.JSON()), []string{"apply", "-f", "-"}},
		"a replacement":       {string(wrong.JSON()), []string{"replace", "-f", "-"}},
		"an edited object":    {edited, []string{"replace", "-f", "-"}},
		"a dry run":           {"", []string{"patch", "statefulset", "web", "--dry-run=server", "-p", merge}},
	} {
		t.Run(name, func(t *testing.T) {
			g.says(t, true, way.stdin, []string{"denied the request", "[partition-range]"}, way.command...)
		})
	}
	t.Run("a replacement by force, which deletes first", func(t *testing.T) {
		g.says(t, true, string(wrong.JSON()), []string{"[cascade-delete]"}, "replace", "--force", "-f", "-")
	})
	g.says(t, false, "", []string{"==1=="}, "get", "statefulset", "web", "-o", "jsonpath=={.metadata.generation}=={.status.observedGeneration}==")
}

// TestAutoscalersAreChecked scales under the names of what scales by itself.
func TestAutoscalersAreChecked(t *testing.T) {
	guarded := shared(t)
	for name, user := range map[string]string{
		"the horizontal pod autoscaler":  "system:serviceaccount:kube-system:horizontal-pod-autoscaler",
		"all controllers under one name": "system:kube-controller-manager",
		"KEDA":                           "system:serviceaccount:keda:keda-operator",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGuard(t, guarded)
			g.create(t, builders.MakeStatefulSet().Partition(2))
			scale := []string{"--as=" + user, "--as-group=system:masters", "scale", "statefulset", "web"}
			g.denied(t, "partition-range", append(scale, "--replicas=1")...)
			g.allowed(t, "", append(scale, "--replicas=2")...)
		})
	}
}

// TestNamespaceIsDeletedOnceConfirmed deletes a namespace with all that is guarded in it, in a cluster whose controllers
// act under names of their own and in one where they share theirs.
func TestNamespaceIsDeletedOnceConfirmed(t *testing.T) {
	for name, start := range map[string]func(*testing.T) *environment.Environment{
		"names of their own": shared,
		"one name": func(t *testing.T) *environment.Environment {
			return environment.ForTestWith(t, environment.Options{SharedCredentials: true})
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGuard(t, start(t))
			g.create(t, withClaim(builders.MakeStatefulSet()))
			g.settled(t, 3)
			g.denied(t, "namespace-delete", "delete", "namespace", g.namespace, "--wait=false")
			g.confirmed(t, "ns/"+g.namespace, "delete")
			g.warned(t, "namespace-delete", "delete", "namespace", g.namespace, "--wait=false")
			eventually(t, "the namespace is gone", func(ctx context.Context) (bool, error) {
				_, err := g.Client.CoreV1().Namespaces().Get(ctx, g.namespace, metav1.GetOptions{})
				return apierrors.IsNotFound(err), nil
			})
		})
	}
}
