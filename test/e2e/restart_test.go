package e2e_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

// TestTheControlPlaneGoesAndComesBack ends etcd and the API server under a running Stateward, then starts Stateward while
// there is no API server, and wants the decisions to be right each time: about what was there before, and what is new.
func TestTheControlPlaneGoesAndComesBack(t *testing.T) {
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
	// As long as there is nothing to read, nobody is told that it is ready.
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

// fresh makes a Service with its set and takes both away again; a World that has stopped to follow the cluster would miss
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
	g.eventuallyAllowed(t, "", "delete", "service", name)
}

// TestAStatefulSetRightBehindItsServiceIsSeenWithIt creates pairs as `kubectl apply -f` does, far faster than a watch tells
// of the first of the two.
func TestAStatefulSetRightBehindItsServiceIsSeenWithIt(t *testing.T) {
	t.Parallel()
	const pairs = 200
	g := newGuard(t, shared(t))
	var group errgroup.Group
	group.SetLimit(4)
	for index := range pairs {
		group.Go(func() error {
			service, set := g.pair(fmt.Sprintf("pair-%d", index))
			if err := g.createService(t.Context(), service); err != nil {
				return err
			}
			return g.tryStatefulSet(t.Context(), set)
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

// TestAStatefulSetBeforeItsServiceIsDeniedUntilThatIsThere asks for the same set right before and right behind the creation
// of its Service: that there was none a moment ago must not be remembered.
func TestAStatefulSetBeforeItsServiceIsDeniedUntilThatIsThere(t *testing.T) {
	t.Parallel()
	const pairs = 50
	g := newGuard(t, shared(t))
	for index := range pairs {
		service, set := g.pair(fmt.Sprintf("pair-%d", index))
		if err := g.tryStatefulSet(t.Context(), set); err == nil || !strings.Contains(err.Error(), "[headless-service]") {
			t.Errorf("without its Service: %v", err)
		}
		if err := g.createService(t.Context(), service); err != nil {
			t.Fatal(err)
		}
		if err := g.tryStatefulSet(t.Context(), set); err != nil {
			t.Errorf("right behind its Service: %v", err)
		}
	}
}

// TestAServiceRightBehindItsStatefulSetStays deletes Services of which no watch has told yet that somebody needs them.
func TestAServiceRightBehindItsStatefulSetStays(t *testing.T) {
	t.Parallel()
	const pairs = 50
	g := newGuard(t, shared(t))
	for index := range pairs {
		service, set := g.pair(fmt.Sprintf("pair-%d", index))
		if err := g.createService(t.Context(), service); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Client.AppsV1().StatefulSets(g.namespace).Create(t.Context(), &set.Replicas(1).StatefulSet, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		dry := metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}}
		if err := deniedBy("service-in-use", g.Client.CoreV1().Services(g.namespace).Delete(t.Context(), service.Name, dry)); err != nil {
			t.Error(err)
		}
	}
}

// TestANamespaceRightBehindItsStatefulSetStays does the same to a namespace, and to a claim that was there before the set.
func TestANamespaceRightBehindItsStatefulSetStays(t *testing.T) {
	t.Parallel()
	const rounds = 60
	g := newGuard(t, shared(t))
	var group errgroup.Group
	group.SetLimit(4)
	for index := range rounds {
		within := guard{Environment: g.Environment, namespace: fmt.Sprintf("right-behind-%d", index)}
		group.Go(func() error {
			namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: within.namespace}}
			if _, err := g.Client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
				return err
			}
			return within.staysWithItsClaim(t.Context(), index%2 == 0)
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

// staysWithItsClaim creates a claim and its set, and tries to delete the one or else the namespace.
func (g guard) staysWithItsClaim(ctx context.Context, claim bool) error {
	service, set := g.pair("web")
	if err := g.createService(ctx, service); err != nil {
		return err
	}
	withClaim(set.Replicas(1))
	www := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "www-web-0"}, Spec: set.Spec.VolumeClaimTemplates[0].Spec}
	claims := g.Client.CoreV1().PersistentVolumeClaims(g.namespace)
	if _, err := claims.Create(ctx, www, metav1.CreateOptions{}); err != nil {
		return err
	}
	if _, err := g.Client.AppsV1().StatefulSets(g.namespace).Create(ctx, &set.StatefulSet, metav1.CreateOptions{}); err != nil {
		return err
	}
	dry := metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}}
	if claim {
		return deniedBy("claim-in-use", claims.Delete(ctx, www.Name, dry))
	}
	return deniedBy("namespace-delete", g.Client.CoreV1().Namespaces().Delete(ctx, g.namespace, dry))
}

// deniedBy wants an error that is a denial by this rule.
func deniedBy(rule string, err error) error {
	if err == nil || !strings.Contains(err.Error(), "["+rule+"]") {
		return fmt.Errorf("rule %s does not deny it: %v", rule, err) //nolint:errorlint // It may be none.
	}
	return nil
}

// pair is a Service and a set that names it, with labels of their own.
func (g guard) pair(name string) (*corev1.Service, *builders.StatefulSet) {
	labels := map[string]string{"app": name}
	service := builders.HeadlessService()
	service.Namespace, service.Name, service.Spec.Selector = g.namespace, name, labels
	set := builders.MakeStatefulSet().Name(name).Service(name).Replicas(0)
	set.Namespace, set.Spec.Selector.MatchLabels, set.Spec.Template.Labels = g.namespace, labels, labels
	return service, set
}

func (g guard) createService(ctx context.Context, service *corev1.Service) error {
	_, err := g.Client.CoreV1().Services(g.namespace).Create(ctx, service, metav1.CreateOptions{})
	return err
}

// tryStatefulSet is the creation of a set as a dry run.
func (g guard) tryStatefulSet(ctx context.Context, set *builders.StatefulSet) error {
	dry := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
	_, err := g.Client.AppsV1().StatefulSets(g.namespace).Create(ctx, &set.StatefulSet, dry)
	return err
}

// TestNothingOfWhatAnObjectHoldsIsTold looks for a word that stands in many places of an object, and must stand in no log
// and in no metric.
func TestNothingOfWhatAnObjectHoldsIsTold(t *testing.T) {
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
