package e2e_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/stateward/stateward/test/builders"
)

const partition99 = `{"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":99}}}}`

// TestInvariants are the promises of a guard that never blocks what a cluster needs.
func TestInvariants(t *testing.T) {
	guarded := shared(t)
	for name, holds := range map[string]func(*testing.T, guard){
		"what terminates may be deleted again, changed and released": whatTerminates,
		"a finalizer may go from a set that breaks a rule":           finalizerMayGo,
		"a change of foreign metadata is not judged":                 foreignMetadata,
		"the status is not judged":                                   status,
		"what was wrong before gets a warning":                       grandfathered,
		"a namespace is deleted to its end":                          namespaceEnds,
		"a cascade is finished once it is confirmed":                 cascadeEnds,
		"each item of a deletecollection is known by its own name":   deleteCollection,
		"a dry run meets the same verdict and changes nothing":       dryRun,
		"every way to write a field meets the rule":                  everyWay,
		"all controllers bring a set up, scale it and roll it":       controllers,
		"Service and StatefulSet may come within milliseconds":       together,
		"Stateward may read what its rules read and nothing else":    leastRights,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holds(t, newGuard(t, guarded))
		})
	}
}

func whatTerminates(t *testing.T, g guard) {
	set := builders.MakeStatefulSet()
	set.Finalizers = []string{"example.com/hold"}
	g.create(t, set)
	g.allowed(t, "", append(breakGlass(), "delete", "statefulset", "web", "--wait=false")...)
	g.allowed(t, "", "delete", "statefulset", "web", "--wait=false")
	g.allowed(t, "", "patch", "statefulset", "web", "-p", partition99)
	g.allowed(t, "", "patch", "statefulset", "web", "-p", `{"metadata":{"finalizers":null}}`)
	eventually(t, "the set goes", func(ctx context.Context) (bool, error) {
		_, err := g.Client.AppsV1().StatefulSets(g.namespace).Get(ctx, "web", metav1.GetOptions{})
		return apierrors.IsNotFound(err), ignoreNotFound(err)
	})
}

func finalizerMayGo(t *testing.T, g guard) {
	set := builders.MakeStatefulSet().Partition(99).Image("nginx")
	set.Finalizers = []string{"example.com/hold"}
	g.create(t, set)
	g.allowed(t, "", "patch", "statefulset", "web", "-p", `{"metadata":{"finalizers":null}}`)
}

func foreignMetadata(t *testing.T, g guard) {
	g.create(t, builders.MakeStatefulSet().Partition(99))
	g.allowed(t, "", "annotate", "statefulset", "web", "example.com/note=hello")
}

func status(t *testing.T, g guard) {
	g.create(t, builders.MakeStatefulSet().Partition(99))
	g.allowed(t, "", "patch", "statefulset", "web", "--subresource=status", "--type=merge", "-p", `{"status":{"replicas":7}}`)
}

func grandfathered(t *testing.T, g guard) {
	g.create(t, builders.MakeStatefulSet().Partition(99))
	g.warned(t, "partition-range", "patch", "statefulset", "web", "-p", `{"spec":{"minReadySeconds":1}}`)
	g.denied(t, "partition-range", "patch", "statefulset", "web", "-p", strings.Replace(partition99, "99", "100", 1))
}

func namespaceEnds(t *testing.T, g guard) {
	g.create(t, builders.MakeStatefulSet())
	g.allowed(t, "", "rollout", "status", "statefulset", "web", "--timeout=60s")
	g.denied(t, "namespace-delete", "delete", "namespace", g.namespace)
	g.confirm(t, "namespace-delete", "namespace", g.namespace)
	g.warned(t, "namespace-delete", "delete", "namespace", g.namespace)
}

func cascadeEnds(t *testing.T, g guard) {
	g.create(t, builders.MakeStatefulSet())
	g.allowed(t, "", "rollout", "status", "statefulset", "web", "--timeout=60s")
	g.denied(t, "cascade-delete", "delete", "statefulset", "web")
	g.confirm(t, "cascade-delete", "statefulset", "web")
	g.warned(t, "cascade-delete", "delete", "statefulset", "web", "--cascade=foreground")
	eventually(t, "the pods go", func(ctx context.Context) (bool, error) {
		pods, err := g.Client.CoreV1().Pods(g.namespace).List(ctx, metav1.ListOptions{})
		return len(pods.Items) == 0, err
	})
}

// confirm marks an object for deletion within ten minutes.
func (g guard) confirm(t *testing.T, rule, kind, name string) {
	t.Helper()
	g.warned(t, "confirmed-by", "annotate", kind, name, "stateward.dev/confirm=delete", "stateward.dev/confirm-rules="+rule,
		"stateward.dev/confirm-until="+time.Now().Add(10*time.Minute).Format(time.RFC3339))
}

func deleteCollection(t *testing.T, g guard) {
	g.create(t, builders.MakeStatefulSet())
	err := g.Client.AppsV1().StatefulSets(g.namespace).DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `deleting "web"`) {
		t.Errorf("got error %v", err)
	}
}

func dryRun(t *testing.T, g guard) {
	g.create(t, builders.MakeStatefulSet())
	g.denied(t, "cascade-delete", "delete", "statefulset", "web", "--dry-run=server")
	g.denied(t, "partition-range", "patch", "statefulset", "web", "--dry-run=server", "-p", partition99)
	g.allowed(t, "", "patch", "statefulset", "web", "--dry-run=server", "-p", strings.Replace(partition99, "99", "1", 1))
	set, err := g.Client.AppsV1().StatefulSets(g.namespace).Get(t.Context(), "web", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if partition := set.Spec.UpdateStrategy.RollingUpdate.Partition; *partition != 0 {
		t.Errorf("the dry run left partition %d", *partition)
	}
}

func everyWay(t *testing.T, g guard) {
	g.create(t, builders.MakeStatefulSet())
	g.denied(t, "partition-range", "patch", "statefulset", "web", "--type=strategic", "-p", partition99)
	g.denied(t, "partition-range", "patch", "statefulset", "web", "--type=merge", "-p", partition99)
	g.denied(t, "partition-range", "patch", "statefulset", "web", "--type=json", "-p",
		`[{"op":"replace","path":"/spec/updateStrategy/rollingUpdate/partition","value":99}]`)
	whole := builders.MakeStatefulSet().Partition(99)
	whole.Namespace = g.namespace
	for _, arguments := range [][]string{
		{"replace", "-f", "-"},
		{"apply", "--server-side", "--force-conflicts", "-f", "-"},
	} {
		g.says(t, true, string(whole.JSON()), []string{"[partition-range]"}, arguments...)
	}
	// --force deletes before it creates: the deletion is what is denied.
	g.says(t, true, string(whole.JSON()), []string{"[cascade-delete]"}, "replace", "--force", "-f", "-")
}

func controllers(t *testing.T, g guard) {
	g.create(t, builders.MakeStatefulSet())
	g.allowed(t, "", "rollout", "status", "statefulset", "web", "--timeout=60s")
	g.allowed(t, "", "scale", "statefulset", "web", "--replicas=2")
	g.warned(t, "canary-first", "set", "image", "statefulset/web", "nginx=nginx:1.27.5")
	g.allowed(t, "", "rollout", "status", "statefulset", "web", "--timeout=60s")
}

// together creates Service and StatefulSet as fast as it can: the webhook's watch has not yet told of the Service then.
func together(t *testing.T, g guard) {
	for index := range 200 {
		service := builders.HeadlessService()
		service.Namespace, service.Name, service.GenerateName = g.namespace, "", "nginx-"
		created, err := g.Client.CoreV1().Services(g.namespace).Create(t.Context(), service, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		set := builders.MakeStatefulSet().Service(created.Name).Replicas(0).Name("")
		set.Namespace, set.GenerateName = g.namespace, "web-"
		labels := map[string]string{"app": "nginx", "instance": strconv.Itoa(index)}
		set.Spec.Selector.MatchLabels, set.Spec.Template.Labels = labels, labels
		if _, err := g.Client.AppsV1().StatefulSets(g.namespace).Create(t.Context(), &set.StatefulSet, metav1.CreateOptions{}); err != nil {
			t.Fatalf("a false denial: %v", err)
		}
	}
}

func leastRights(t *testing.T, g guard) {
	kubeconfig, err := g.KubeconfigFor("stateward-rights", "system:serviceaccount:stateward-system:stateward",
		"system:serviceaccounts", "system:serviceaccounts:stateward-system", "system:authenticated")
	if err != nil {
		t.Fatal(err)
	}
	for question, want := range map[string]string{
		"list services": "yes", "watch statefulsets.apps": "yes", "get services": "yes",
		"list secrets": "no", "get secrets": "no", "list pods": "yes", "delete pods": "no", "list configmaps": "no", "watch persistentvolumes": "yes", "update statefulsets.apps": "no",
		"delete services": "no", "list validatingwebhookconfigurations": "no",
		"update validatingwebhookconfigurations/stateward": "yes", "update validatingwebhookconfigurations/other": "no",
	} {
		arguments := append([]string{"--kubeconfig", kubeconfig, "auth", "can-i"}, strings.Fields(question)...)
		output, _ := g.kubectl(t, "", arguments...)
		if answer := firstLine(output); answer != want {
			t.Errorf("may Stateward %s? %s", question, output)
		}
	}
}

// firstLine is the answer; advice on the question comes after it.
func firstLine(output string) string {
	answer, _, _ := strings.Cut(output, "\n")
	return strings.TrimSpace(answer)
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func poll(ctx context.Context, condition wait.ConditionWithContextFunc) error {
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, condition)
	if wait.Interrupted(err) {
		return errors.New("it did not happen within a minute")
	}
	return err
}
