// Package prometheus_test runs prometheus-operator behind Stateward.
package prometheus_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/automation"
)

const (
	tool      = "prometheus-operator"
	module    = "github.com/prometheus-operator/prometheus-operator"
	namespace = "monitoring"
	set       = "prometheus-main"
	image     = "quay.io/prometheus/prometheus:v3.5.0"
	mirrored  = "mirror.example/prometheus/prometheus:v3.5.0"
	reloader  = "quay.io/prometheus-operator/prometheus-config-reloader:v0.93.0"
)

// TestPrometheusOperator goes through the life of a Prometheus, one step after the other.
func TestPrometheusOperator(t *testing.T) {
	guarded := automation.ForTest(t)
	run(t, guarded)
	guarded.Do(t, "", "create", "namespace", namespace)
	for _, step := range []struct {
		name  string
		holds func(*testing.T, automation.Cluster)
	}{
		{"creates a set with its Service", creates},
		{"scales", scales},
		{"takes the same image from a mirror", mirrors},
		{"recreates a set with larger claims once that is confirmed", grows},
		{"keeps the set of a custom resource until its deletion is confirmed", deletes},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.holds(t, guarded) }) {
			return
		}
	}
}

// run starts the operator with the CustomResourceDefinitions and rights of its module.
func run(t *testing.T, guarded automation.Cluster) {
	t.Helper()
	example := filepath.Join(automation.Module(t, tool, module), "example")
	guarded.Define(t, filepath.Join(example, "prometheus-operator-crd"))
	for _, file := range []string{"service-account", "cluster-role", "cluster-role-binding"} {
		guarded.Do(t, "", "apply", "-f", filepath.Join(example, "rbac", tool, tool+"-"+file+".yaml"))
	}
	guarded.Run(t, automation.Program{
		Tool:    tool,
		Account: automation.Account{Namespace: "default", Name: tool},
		Arguments: []string{
			"-apiserver={server}", "-ca-file={authority}", "-cert-file={certificate}", "-key-file={key}",
			"-web.listen-address=127.0.0.1:0", "-prometheus-config-reloader=" + reloader,
		},
	})
}

// prometheus applies the custom resource.
func prometheus(t *testing.T, guarded automation.Cluster, replicas int, image, storage string) {
	t.Helper()
	guarded.Do(t, fmt.Sprintf(`apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: main, namespace: %s}
spec:
  replicas: %d
  version: v3.5.0
  image: %s
  storage:
    volumeClaimTemplate:
      spec:
        resources: {requests: {storage: %s}}
`, namespace, replicas, image, storage), "apply", "-f", "-")
}

// state has these replicas ready, and as many claims as there ever were pods.
func state(replicas int, image string, claims int) []string {
	state := []string{
		fmt.Sprintf("StatefulSet %s: %d of %d ready with %s, %s", set, replicas, replicas, image, reloader), "Service prometheus-operated",
	}
	for ordinal := range claims {
		state = append(state, fmt.Sprintf("PersistentVolumeClaim prometheus-main-db-%s-%d: 1Gi", set, ordinal))
	}
	return state
}

func creates(t *testing.T, guarded automation.Cluster) {
	prometheus(t, guarded, 2, image, "1Gi")
	guarded.Becomes(t, namespace, state(2, image, 2)...)
}

func scales(t *testing.T, guarded automation.Cluster) {
	prometheus(t, guarded, 3, image, "1Gi")
	guarded.Becomes(t, namespace, state(3, image, 3)...)
	prometheus(t, guarded, 2, image, "1Gi")
	guarded.Becomes(t, namespace, state(2, image, 3)...)
}

func mirrors(t *testing.T, guarded automation.Cluster) {
	prometheus(t, guarded, 2, mirrored, "1Gi")
	guarded.Becomes(t, namespace, state(2, mirrored, 3)...)
}

// grows meets an operator that deletes the set to change its template. The claims that exist keep their size.
func grows(t *testing.T, guarded automation.Cluster) {
	before := uid(t, guarded)
	prometheus(t, guarded, 2, mirrored, "2Gi")
	guarded.Logs(t, tool, "[cascade-delete]", "kubectl annotate statefulset "+set)
	guarded.Is(t, namespace, state(2, mirrored, 3)...)
	if now := uid(t, guarded); now != before {
		t.Fatalf("the set was replaced: %s instead of %s", now, before)
	}

	guarded.Stateward(t, "alice", "confirm", "sts/"+set, "delete", "-n", namespace)
	automation.Eventually(t, "the operator recreates the set", func(ctx context.Context) string {
		sts, err := guarded.Client.AppsV1().StatefulSets(namespace).Get(ctx, set, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if size := sts.Spec.VolumeClaimTemplates[0].Spec.Resources.Requests.Storage().String(); size != "2Gi" {
			return "its template has " + size
		}
		return ""
	})
	guarded.Becomes(t, namespace, state(2, mirrored, 3)...)
	automation.Contains(t, guarded.Audit(t), "claim-drift")
}

func uid(t *testing.T, guarded automation.Cluster) string {
	t.Helper()
	return guarded.Do(t, "", "get", "statefulset", set, "-n", namespace, "-o", "jsonpath={.metadata.uid}")
}

func deletes(t *testing.T, guarded automation.Cluster) {
	owns := fmt.Sprintf("StatefulSet %s", set)
	guarded.Refused(t, []string{"[owner-delete]", owns}, "delete", "prometheus", "main", "-n", namespace)
	guarded.Refused(t, []string{"[owner-delete]", owns}, "delete", "crd", "prometheuses.monitoring.coreos.com")
	guarded.Is(t, namespace, state(2, mirrored, 3)...)

	guarded.Stateward(t, "alice", "confirm", "prometheus.monitoring.coreos.com/main", "delete", "-n", namespace)
	guarded.Do(t, "", "delete", "prometheus", "main", "-n", namespace)
	guarded.GoesWithOwner(t, namespace)
	guarded.Do(t, "", "delete", "crd", "prometheuses.monitoring.coreos.com")
}
