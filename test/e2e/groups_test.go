package e2e_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

const (
	groupLabel = "stateward.dev/rollout-group"
	// races is how often two sets of a group are updated in the same moment.
	races = 200
)

// TestRolloutGroupsRollOneAfterTheOther updates two sets of a group, beside one of another group.
func TestRolloutGroupsRollOneAfterTheOther(t *testing.T) {
	guarded := shared(t)
	for name, holds := range map[string]func(*testing.T, guard){
		"a person waits":       personWaits,
		"a release is held":    releaseIsHeld,
		"in the same moment":   sameMoment,
		"another group passes": anotherGroupPasses,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holds(t, newGuard(t, guarded))
		})
	}
}

// member is a set with pods and a Service of its own.
func member(name, group string, replicas int32) *builders.StatefulSet {
	labels := map[string]string{"app": name}
	set := builders.MakeStatefulSet().Name(name).Service(name).Image(oldImage).Replicas(replicas)
	set.Labels = map[string]string{groupLabel: group}
	set.Spec.Selector.MatchLabels, set.Spec.Template.Labels = labels, labels
	set.Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector.MatchLabels = labels
	return set
}

// createMembers makes sets and waits until they are at rest.
func (g guard) createMembers(t *testing.T, sets ...*builders.StatefulSet) {
	t.Helper()
	for _, set := range sets {
		service := builders.HeadlessService()
		service.Name, service.Spec.Selector = set.StatefulSet.Name, set.Spec.Selector.MatchLabels
		service.Namespace, set.Namespace = g.namespace, g.namespace
		for _, object := range []any{service, set.StatefulSet} {
			g.allowed(t, string(builders.JSON(object)), append(breakGlass(), "create", "-f", "-")...)
		}
	}
	for _, set := range sets {
		g.atRest(t, set.StatefulSet.Name)
	}
}

// atRest waits until a set is complete and Ready.
func (g guard) atRest(t *testing.T, name string) {
	t.Helper()
	eventually(t, name+" is at rest", func(ctx context.Context) (bool, error) {
		set, err := g.Client.AppsV1().StatefulSets(g.namespace).Get(ctx, name, metav1.GetOptions{})
		return err == nil && isAtRest(set), err
	})
}

func isAtRest(set *appsv1.StatefulSet) bool {
	return set.Status.ObservedGeneration == set.Generation && set.Status.ReadyReplicas == *set.Spec.Replicas &&
		set.Status.CurrentRevision == set.Status.UpdateRevision && set.Status.UpdatedReplicas == *set.Spec.Replicas
}

// peerStuck brings an image to the set "peer" of which its last pod never becomes ready.
func (g guard) peerStuck(t *testing.T) {
	t.Helper()
	g.says(t, false, "", nil, "set", "image", "statefulset/peer", "nginx="+badImage)
	eventually(t, "peer is rolling", func(ctx context.Context) (bool, error) {
		set, err := g.Client.AppsV1().StatefulSets(g.namespace).Get(ctx, "peer", metav1.GetOptions{})
		return err == nil && set.Status.UpdatedReplicas == 1 && set.Status.ReadyReplicas == *set.Spec.Replicas-1, err
	})
}

// peerGoesOn gives it an image that works, which a set that is rolling may always get.
func (g guard) peerGoesOn(t *testing.T, image string) {
	t.Helper()
	g.says(t, false, "", nil, "set", "image", "statefulset/peer", "nginx="+image)
	g.allowed(t, "", "delete", "pod", "peer-2")
	g.atRest(t, "peer")
}

func personWaits(t *testing.T, g guard) {
	g.createMembers(t, member("web", "shards", 3), member("peer", "shards", 3))
	g.peerStuck(t)
	const waits = `changes while StatefulSet "peer" of rollout group "shards" is rolling: 1 of 3 pods updated, waiting for peer-2`
	applied := member("web", "shards", 3).Image(newImage)
	applied.Namespace = g.namespace
	for _, dry := range [][]string{{"--dry-run=server"}, nil} {
		g.says(t, true, "", []string{"[rollout-group] spec.template", waits}, append(setImage(newImage), dry...)...)
		g.says(t, true, string(applied.JSON()), []string{"[rollout-group] spec.template", waits},
			append([]string{"apply", "--server-side", "--force-conflicts", "-f", "-"}, dry...)...)
	}
	g.says(t, true, "", []string{"[rollout-group] spec.template"}, "rollout", "restart", "statefulset", "web")
	g.allowed(t, "", "scale", "statefulset", "web", "--replicas=3")
	g.allowed(t, "", "annotate", "statefulset", "web", "example.com/note=hello")
	g.warned(t, "partition-range", patch(`{"spec":{"updateStrategy":{"rollingUpdate":{"partition":3}},`+template(newImage)+`}}`)...)
	g.says(t, true, "", []string{"[rollout-group] spec.updateStrategy.rollingUpdate.partition: lets the update reach more pods while"}, partition(0)...)
	g.confirmed(t, "sts/web", "update", "--rules=rollout-group")
	g.warned(t, "rollout-group", append(partition(0), "--dry-run=server")...)
	g.peerGoesOn(t, oldImage)
	g.says(t, false, "", nil, partition(0)...)
	g.atRest(t, "web")

	// The way back needs no rest of the others.
	g.peerStuck(t)
	g.says(t, true, "", []string{"[rollout-group]"}, setImage(nextImage)...)
	g.says(t, false, "", nil, "rollout", "undo", "statefulset", "web")
	g.atRest(t, "web")
}

// releaseIsHeld applies both manifests of a release by a service account.
func releaseIsHeld(t *testing.T, g guard) {
	g.createMembers(t, member("web", "shards", 3), member("peer", "shards", 3))
	account := g.as(t, "system:serviceaccount:"+g.namespace+":releaser")
	manifests := func(image string) string {
		var all []string
		for _, name := range []string{"peer", "web"} {
			set := member(name, "shards", 3).Image(image).Partition(0)
			set.Namespace = g.namespace
			all = append(all, string(set.JSON()))
		}
		return strings.Join(all, "\n---\n")
	}
	apply := slices.Concat(account, []string{"apply", "--server-side", "--force-conflicts", "-f", "-"})
	g.says(t, false, manifests(newImage), []string{
		`[rollout-hold]`, `Stateward sets 3 while StatefulSet "peer" of rollout group "shards" is`,
	}, apply...)
	g.held(t, 3, newImage)
	g.atRest(t, "peer")
	before, err := g.set(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		g.allowed(t, manifests(newImage), apply...)
	}
	after, err := g.set(t.Context())
	if err != nil || after.Generation != before.Generation || after.Status.UpdatedReplicas != 0 {
		t.Errorf("error %v: generation %d after syncs, %d before, %d pods updated", err, after.Generation, before.Generation, after.Status.UpdatedReplicas)
	}
	g.held(t, 3, newImage)

	g.peerStuck(t)
	output, code := g.stateward(t, "alice", "promote", "sts/web", "--yes")
	if code == 0 || !strings.Contains(output, "[rollout-group]") || !strings.Contains(output, "lets the update reach more pods while") {
		t.Errorf("exit code %d:\n%s", code, output)
	}
	g.peerGoesOn(t, newImage)
	output, code = g.stateward(t, "alice", "promote", "sts/web", "--yes")
	if code != 0 || !strings.Contains(output, "statefulset/web: the partition is 0") {
		t.Errorf("exit code %d:\n%s", code, output)
	}
	g.released(t)
	g.atRest(t, "web")
}

// sameMoment updates both sets at once, again and again, with an image that never becomes ready: one of them waits for the
// other each time, however late it comes.
func sameMoment(t *testing.T, g guard) {
	names := []string{"web", "peer"}
	g.createMembers(t, member("web", "shards", 1), member("peer", "shards", 1))
	for race := range races {
		var both sync.WaitGroup
		admitted := make([]bool, len(names))
		for index, name := range names {
			both.Go(func() {
				err := g.annotated(t.Context(), name, strconv.Quote(strconv.Itoa(race)), badImage)
				admitted[index] = err == nil
				if err != nil && (!apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "[rollout-group]")) {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if admitted[0] == admitted[1] {
			t.Fatalf("race %d: admitted are %v", race, admitted)
		}
		g.takenBack(t, names[slices.Index(admitted, true)])
	}
}

// annotated brings a template with an annotation of its own, which no revision holds, and an image.
func (g guard) annotated(ctx context.Context, name, annotation, image string) error {
	patch := fmt.Appendf(nil, `{"spec":{"template":{"metadata":{"annotations":{"race":%s}},"spec":{"containers":[{"name":"nginx","image":%q}]}}}}`, annotation, image)
	_, err := g.Client.AppsV1().StatefulSets(g.namespace).Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{})
	return err
}

// takenBack brings the first template back, and deletes the pod that holds it up.
func (g guard) takenBack(t *testing.T, name string) {
	t.Helper()
	must(t, g.annotated(t.Context(), name, "null", oldImage))
	eventually(t, name+" is at rest again", func(ctx context.Context) (bool, error) {
		set, err := g.Client.AppsV1().StatefulSets(g.namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil || isAtRest(set) {
			return err == nil, err
		}
		pod, err := g.Client.CoreV1().Pods(g.namespace).Get(ctx, name+"-0", metav1.GetOptions{})
		// The API server deletes a pod without a node at once, and one that gets its node meanwhile is guarded against that.
		if err != nil || pod.DeletionTimestamp != nil || pod.Spec.NodeName == "" || pod.Spec.Containers[0].Image != badImage {
			return false, client.IgnoreNotFound(err)
		}
		return false, client.IgnoreNotFound(g.Client.CoreV1().Pods(g.namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{}))
	})
}

func anotherGroupPasses(t *testing.T, g guard) {
	g.createMembers(t, member("web", "shards", 3), member("peer", "replicas", 3))
	g.peerStuck(t)
	g.says(t, false, "", nil, setImage(newImage)...)
	g.atRest(t, "web")
}

// TestRolloutGroupsOfGuardrailsReachOtherNamespaces names a group that two namespaces share.
func TestRolloutGroupsOfGuardrailsReachOtherNamespaces(t *testing.T) {
	g := newGuard(t, environment.ForTest(t))
	far := guard{Environment: g.Environment, namespace: g.namespace[:20] + "-far"}
	_, err := g.Client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: far.namespace}}, metav1.CreateOptions{})
	must(t, err)
	g.createMembers(t, member("web", "shards", 3))
	far.createMembers(t, member("peer", "shards", 3))
	far.peerStuck(t)
	g.says(t, false, "", nil, append(setImage(newImage), "--dry-run=server")...)
	g.says(t, true, guardrails("  rolloutGroups: [{name: all the shards}]\n"), []string{"spec.rolloutGroups[0].name"}, "apply", "-f", "-")
	g.allowed(t, guardrails("  rolloutGroups: [{name: shards}]\n"), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	g.says(t, true, "", []string{fmt.Sprintf(`[rollout-group] spec.template: changes while StatefulSet "peer" in namespace %q of rollout group "shards" is rolling`, far.namespace)},
		setImage(newImage)...)
	far.peerGoesOn(t, oldImage)
	g.says(t, false, "", nil, setImage(newImage)...)
	g.atRest(t, "web")
}
