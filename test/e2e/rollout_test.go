package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/cluster"
)

// One version in several builds: image-change has nothing to say about the way back.
var (
	oldImage  = build("a")
	newImage  = build("b")
	nextImage = build("c")
	badImage  = strings.TrimSuffix(build("d"), "ddd") + cluster.MissingImage
)

func build(digit string) string {
	return "nginx:1.27.4@sha256:" + strings.Repeat(digit, 64)
}

// TestRolloutsWaitForTheirCanaries updates sets with the real controller, whose pods become ready or never do.
func TestRolloutsWaitForTheirCanaries(t *testing.T) {
	guarded := shared(t)
	for name, holds := range map[string]func(*testing.T, guard){
		"step by step":             stepByStep,
		"a bad canary":             badCanary,
		"a bad first image":        badFirstImage,
		"a canary is required":     requiredCanary,
		"a canary comes by itself": automaticCanary,
		"a canary is taken back":   takenBack,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holds(t, newGuard(t, guarded))
		})
	}
}

// TestChangeFromOnDeleteNamesRestartedPods changes the strategy of a set whose pods wait for an update.
func TestChangeFromOnDeleteNamesRestartedPods(t *testing.T) {
	g := newGuard(t, shared(t))
	g.create(t, onDelete(withClaim(builders.MakeStatefulSet().Replicas(2))))
	g.settled(t, 2)
	letGo := func(partition int) []string {
		patch := fmt.Sprintf(`{"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":%d}}}}`, partition)
		return []string{"patch", "statefulset", "web", "-p", patch}
	}
	g.allowed(t, "", append(letGo(0), "--dry-run=server")...)
	g.warned(t, "on-delete", setImage("nginx:1.27.5")...)
	g.says(t, false, "", []string{
		`[on-delete] RollingUpdate restarts web-1, web-0 with "nginx:1.27.5", which OnDelete kept from them`,
	}, append(letGo(0), "--dry-run=server")...)

	g.allowed(t, "", append(breakGlass(), setImage("nginx:2.0.0")...)...)
	g.says(t, true, "", []string{
		`[image-change] spec.template.spec.containers[0].image: a new major version, from "nginx:1.27.4" of pod web-0 to "nginx:2.0.0"`,
	}, letGo(0)...)
	g.says(t, false, "", []string{"[partition-range]"}, append(letGo(2), "--dry-run=server")...)
	g.confirmed(t, "sts/web", "update", "--rules=image-change")
	g.warned(t, "image-change", letGo(0)...)
	g.settled(t, 2)
}

// stepByStep lets an image into one pod after the other.
func stepByStep(t *testing.T, g guard) {
	g.create(t, withClaim(builders.MakeStatefulSet().Image(oldImage)))
	g.settled(t, 3)
	g.warned(t, "canary-first", append(setImage(newImage), "--dry-run=server")...)
	g.allowed(t, "", partition(2)...)
	g.denied(t, "canary-progress", patch(`{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}},`+template(newImage)+`}}`)...)
	g.allowed(t, "", setImage(newImage)...)
	g.run(t, oldImage, oldImage, newImage)

	g.warned(t, "rollout-in-progress", append(setImage(nextImage), "--dry-run=server")...)
	g.allowed(t, "", append(setImage(oldImage), "--dry-run=server")...)
	g.allowed(t, "", patch(`{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}},`+template(oldImage)+`}}`, "--dry-run=server")...)

	g.eventuallyAllowed(t, "", partition(1)...)
	g.run(t, oldImage, newImage, newImage)
	g.eventuallyAllowed(t, "", partition(0)...)
	g.run(t, newImage, newImage, newImage)
}

// badCanary never gets ready: the others do not follow it, and it has to be deleted before it can go back.
func badCanary(t *testing.T, g guard) {
	g.create(t, builders.MakeStatefulSet().Image(oldImage).Partition(2))
	g.settled(t, 3)
	g.allowed(t, "", setImage(badImage)...)
	g.eventuallySays(t, true, "[canary-progress] spec.updateStrategy.rollingUpdate.partition: from 2 to 0, but web-2 is not Ready", partition(0)...)
	g.allowed(t, "", patch(`{"spec":{"minReadySeconds":1}}`, "--dry-run=server")...)

	g.unblocked(t, "web-2", setImage(oldImage))
	g.run(t, oldImage, oldImage, oldImage)
	g.eventuallyAllowed(t, "", partition(0)...)
}

// takenBack goes down to the version that the other pods run, which is denied when all have left it.
func takenBack(t *testing.T, g guard) {
	const lower, higher, major = "nginx:1.27.4", "nginx:1.28.0", "nginx:2.0.0"
	g.create(t, builders.MakeStatefulSet().Image(lower).Partition(2))
	g.settled(t, 3)
	g.allowed(t, "", setImage(higher)...)
	g.run(t, lower, lower, higher)
	g.warned(t, "image-change", append(setImage("nginx:1.27.3"), "--dry-run=server")...)
	g.warned(t, "image-change", setImage(lower)...)
	g.run(t, lower, lower, lower)
	g.allowed(t, "", setImage(higher)...)
	g.run(t, lower, lower, higher)
	g.eventuallyAllowed(t, "", partition(0)...)
	g.run(t, higher, higher, higher)
	g.confirmed(t, "sts/web", "update", "--rules=image-change")
	g.warned(t, "image-change", setImage(major)...)
	g.run(t, major, major, major)
	g.allowed(t, "", "annotate", "statefulset", "web", "stateward.dev/confirm-", "stateward.dev/confirm-until-", "stateward.dev/confirmed-by-", "stateward.dev/confirmed-object-")
	eventually(t, "the way back is closed", func(context.Context) (bool, error) {
		output, code := g.kubectl(t, "", append(setImage(lower), "--dry-run=server")...)
		return code != 0 && strings.Contains(output, "[image-change]"), nil
	})
}

// badFirstImage stops a set at its first pod, which a better image does not reach by itself.
func badFirstImage(t *testing.T, g guard) {
	g.create(t, builders.MakeStatefulSet().Image(badImage))
	eventually(t, "the first pod is there", func(ctx context.Context) (bool, error) {
		images, err := g.images(ctx)
		return len(images) == 1, err
	})
	g.unblocked(t, "web-0", setImage(newImage))
	g.run(t, newImage, newImage, newImage)
}

func requiredCanary(t *testing.T, g guard) {
	set := builders.MakeStatefulSet().Image(oldImage)
	set.Labels = map[string]string{"stateward.dev/canary": "required"}
	g.create(t, set)
	g.settled(t, 3)
	g.denied(t, "canary-first", setImage(newImage)...)
	g.denied(t, "canary-first", patch(`{"metadata":{"labels":{"stateward.dev/canary":null}},"spec":{`+template(newImage)+`}}`)...)
	g.allowed(t, "", patch(`{"spec":{"updateStrategy":{"rollingUpdate":{"partition":2}},`+template(newImage)+`}}`)...)
	g.run(t, oldImage, oldImage, newImage)
	g.allowed(t, "", patch(`{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}},`+template(oldImage)+`}}`)...)
	g.run(t, oldImage, oldImage, oldImage)
}

// automaticCanary gets its partition from Stateward with each new image, and keeps what a person makes of it.
func automaticCanary(t *testing.T, g guard) {
	set := builders.MakeStatefulSet().Image(oldImage)
	set.Labels = map[string]string{"stateward.dev/canary": "auto"}
	g.create(t, set)
	g.settled(t, 3)
	for _, images := range [][]string{{oldImage, newImage}, {newImage, nextImage}} {
		before, after := images[0], images[1]
		g.says(t, false, "", []string{"[auto-canary]", "Stateward sets 2: the new image goes to web-2 only"}, setImage(after)...)
		g.run(t, before, before, after)
		g.eventuallyAllowed(t, "", partition(0)...)
		g.run(t, after, after, after)
	}
}

// unblocked makes a change that a pod holds up, and pastes the command of the warning.
func (g guard) unblocked(t *testing.T, pod string, change []string) {
	t.Helper()
	want := fmt.Sprintf("kubectl delete pod %s -n %s", pod, g.namespace)
	eventually(t, "the webhook sees "+pod, func(context.Context) (bool, error) {
		dry, _ := g.kubectl(t, "", append(change, "--dry-run=server")...)
		return strings.Contains(dry, "[stuck-rollout]"), nil
	})
	output, code := g.kubectl(t, "", change...)
	if code != 0 || !strings.Contains(output, "Warning: [stuck-rollout] ") || !strings.Contains(output, "`"+want+"`") {
		t.Fatalf("exit code %d, no %q in\n%s", code, want, output)
	}
	g.staysStuck(t, pod)
	_, printed, _ := strings.Cut(output, "`kubectl ")
	printed, _, _ = strings.Cut(printed, "`")
	g.allowed(t, "", strings.Fields(printed)...)
}

// staysStuck wants the controller to have seen the change and to leave the pod alone for a while.
func (g guard) staysStuck(t *testing.T, pod string) {
	t.Helper()
	eventually(t, "the controller sees the change", func(ctx context.Context) (bool, error) {
		set, err := g.set(ctx)
		return err == nil && set.Status.ObservedGeneration == set.Generation, err
	})
	time.Sleep(2 * time.Second)
	found, err := g.Client.CoreV1().Pods(g.namespace).Get(t.Context(), pod, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if image := found.Spec.Containers[0].Image; image != badImage || found.DeletionTimestamp != nil {
		t.Errorf("%s has %s: nothing held it up", pod, image)
	}
}

// run waits until pods web-0, web-1, ... run these images, and the controller says that all are ready.
func (g guard) run(t *testing.T, want ...string) {
	t.Helper()
	eventually(t, fmt.Sprintf("the pods run %v", want), func(ctx context.Context) (bool, error) {
		set, err := g.set(ctx)
		if err != nil || set.Status.ObservedGeneration != set.Generation || int(set.Status.ReadyReplicas) != len(want) {
			return false, err
		}
		got, err := g.images(ctx)
		return strings.Join(got, " ") == strings.Join(want, " "), err
	})
}

func (g guard) set(ctx context.Context) (*appsv1.StatefulSet, error) {
	return g.Client.AppsV1().StatefulSets(g.namespace).Get(ctx, "web", metav1.GetOptions{})
}

// images are those of the set's pods, by their names.
func (g guard) images(ctx context.Context) (images []string, err error) {
	pods, err := g.Client.CoreV1().Pods(g.namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=nginx"})
	if err != nil {
		return nil, err
	}
	for _, pod := range pods.Items {
		images = append(images, pod.Spec.Containers[0].Image)
	}
	return images, nil
}

func setImage(image string) []string {
	return []string{"set", "image", "statefulset/web", "nginx=" + image}
}

func partition(partition int) []string {
	return patch(fmt.Sprintf(`{"spec":{"updateStrategy":{"rollingUpdate":{"partition":%d}}}}`, partition))
}

func patch(merged string, arguments ...string) []string {
	return append([]string{"patch", "statefulset", "web", "-p", merged}, arguments...)
}

// template is the part of a patch that changes the image.
func template(image string) string {
	return fmt.Sprintf(`"template":{"spec":{"containers":[{"name":"nginx","image":%q}]}}`, image)
}
