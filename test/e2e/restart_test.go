package e2e_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

// TestDecisionsSurviveAControlPlaneRestart ends etcd and the API server under a running Stateward, then starts Stateward while
// there is no API server, and wants the decisions to be right each time: about what was there before, and what is new.
func TestDecisionsSurviveAControlPlaneRestart(t *testing.T) {
	guarded := environment.ForTest(t)
	g := newGuard(t, guarded)
	g.create(t, builders.MakeStatefulSet())
	g.denied(t, "service-in-use", "delete", "service", "nginx")

	for _, name := range []string{"kube-apiserver", "etcd"} {
		process := guarded.Process(name)
		process.Kill()
		if err := process.Start(); err != nil {
			t.Fatal(err)
		}
		g.served(t)
		g.trusted(t)
		g.denied(t, "service-in-use", "delete", "service", "nginx")
		g.fresh(t, "after-"+name)
	}

	server := guarded.Process("kube-apiserver")
	server.Stop()
	guarded.Stateward.Stop()
	if err := guarded.Stateward.Start(); err != nil {
		t.Fatal(err)
	}
	// Readiness fails while the API server cannot be read.
	for range 20 {
		if err := guarded.Ready(t.Context()); err == nil {
			t.Fatal("Stateward says that it is ready and cannot know the cluster")
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	g.served(t)
	g.supervised(t)
	g.trusted(t)
	g.fresh(t, "after-both")
}

// supervised does what a kubelet would: it starts Stateward again where it gave up waiting for the API server.
func (g guard) supervised(t *testing.T) {
	t.Helper()
	eventually(t, "Stateward is ready", func(ctx context.Context) (bool, error) {
		if g.Stateward.PID() == 0 {
			return false, g.Stateward.Start()
		}
		return g.Ready(ctx) == nil, nil
	})
}

// served waits until the API server answers.
func (g guard) served(t *testing.T) {
	t.Helper()
	eventually(t, "the API server is back", func(ctx context.Context) (bool, error) {
		return g.Client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error() == nil, nil
	})
}

// fresh makes a Service with its set and takes both away again; an inventory that has stopped to follow the cluster would miss
// the first, or keep the last.
func (g guard) fresh(t *testing.T, name string) {
	t.Helper()
	service, set := g.pair(name)
	set.Replicas(1)
	for _, object := range []any{service, set.StatefulSet} {
		output, code := g.kubectl(t, string(builders.JSON(object)), "create", "-f", "-")
		if code != 0 || strings.Contains(output, "[headless-service]") {
			t.Errorf("what is new is not seen: exit code %d\n%s", code, output)
		}
	}
	g.denied(t, "service-in-use", "delete", "service", name)
	g.allowed(t, "", append(breakGlass(), "delete", "statefulset", name)...)
	g.allowed(t, "", "delete", "service", name)
}

// TestLogsAndMetricsHoldNoObjectContent looks for a word that is in many fields of an object, and must be in no log
// and in no metric.
func TestLogsAndMetricsHoldNoObjectContent(t *testing.T) {
	t.Parallel()
	const canary = "canary-2718281828"
	g := newGuard(t, shared(t))
	set := builders.MakeStatefulSet().Annotate("example.com/token", canary)
	set.Spec.Template.Spec.Containers[0].Env = append(set.Spec.Template.Spec.Containers[0].Env,
		corev1.EnvVar{Name: "PASSWORD", Value: canary})
	set.Spec.Template.Spec.Containers[0].Args = []string{"--password=" + canary}
	set.Spec.Template.Annotations = map[string]string{"example.com/token": canary}
	g.create(t, set)
	g.denied(t, "cascade-delete", "delete", "statefulset", "web")
	g.says(t, true, "", []string{"[partition-range]"}, "patch", "statefulset", "web", "-p", `{"spec":{"updateStrategy":{"rollingUpdate":{"partition":99}}}}`)
	log, err := os.ReadFile(g.Stateward.LogPath())
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"log": string(log), "metrics": fetch(t, g.Metrics+"/metrics")} {
		if strings.Contains(text, canary) {
			t.Errorf("the %s of Stateward tells what the object holds", where)
		}
		if !strings.Contains(text, "cascade-delete") {
			t.Errorf("the %s of Stateward does not tell of the denial", where)
		}
	}
}
