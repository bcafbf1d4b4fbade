package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/stateward/stateward/test/builders"
)

// TestStatefulSetRightAfterItsServiceIsAllowed creates pairs as `kubectl apply -f` does, far faster than a watch reports
// the first of the two.
func TestStatefulSetRightAfterItsServiceIsAllowed(t *testing.T) {
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

// TestStatefulSetBeforeItsServiceIsDenied asks for the same set right before and right behind the creation
// of its Service: that there was none a moment ago must not be remembered.
func TestStatefulSetBeforeItsServiceIsDenied(t *testing.T) {
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

// TestServiceOfANewStatefulSetCannotBeDeleted deletes Services before a watch has delivered the set that needs them.
func TestServiceOfANewStatefulSetCannotBeDeleted(t *testing.T) {
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

// TestNamespaceOfANewStatefulSetCannotBeDeleted does the same to a namespace, and to a claim that was there before the set.
func TestNamespaceOfANewStatefulSetCannotBeDeleted(t *testing.T) {
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
	// A claim without a volume holds nothing, and may be deleted.
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		bound, err := claims.Get(ctx, www.Name, metav1.GetOptions{})
		return err == nil && bound.Status.Phase == corev1.ClaimBound, err
	})
	if err != nil {
		return fmt.Errorf("claim %s of namespace %s is not bound: %w", www.Name, g.namespace, err)
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

// TestScaleSeesTheLatestChangeOfItsSet scales sets before a watch reports their last change.
func TestScaleSeesTheLatestChangeOfItsSet(t *testing.T) {
	t.Parallel()
	const rounds = 50
	g := newGuard(t, shared(t))
	g.create(t, deletesClaims(withClaim(builders.MakeStatefulSet())))
	g.settled(t, 3)
	until := time.Now().Add(30 * time.Minute).UTC().Format(time.RFC3339)
	for range rounds {
		if err := g.scaledBehind(t.Context(), `"scale"`, strconv.Quote(until)); err != nil {
			t.Errorf("right behind its confirmation: %v", err)
		}
		if err := deniedBy("scale-down-data", g.scaledBehind(t.Context(), "null", "null")); err != nil {
			t.Errorf("right behind the end of its confirmation: %v", err)
		}
	}
}

// scaledBehind sets the marks of a confirmation, as JSON, and tries to scale to 0.
func (g guard) scaledBehind(ctx context.Context, confirm, until string) error {
	patch := fmt.Sprintf(`{"metadata":{"annotations":{"stateward.dev/confirm":%s,"stateward.dev/confirm-until":%s,"stateward.dev/confirm-rules":"scale-down-data"}}}`, confirm, until)
	if err := g.patched(ctx, patch); err != nil {
		return err
	}
	scale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: g.namespace}}
	_, err := g.Client.AppsV1().StatefulSets(g.namespace).UpdateScale(ctx, "web", scale, metav1.UpdateOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}

// TestDeletionSeesTheLatestScale deletes what a set needs that was scaled up a moment ago, and what a set at 0 or
// one that is gone does not need any more.
func TestDeletionSeesTheLatestScale(t *testing.T) {
	t.Parallel()
	const rounds = 30
	g := newGuard(t, shared(t))
	g.create(t, withClaim(builders.MakeStatefulSet().Replicas(1)))
	g.settled(t, 1)
	for range rounds {
		for _, replicas := range []int{0, 1} {
			if err := g.patched(t.Context(), fmt.Sprintf(`{"spec":{"replicas":%d}}`, replicas)); err != nil {
				t.Fatal(err)
			}
			for rule, err := range g.deletions(t.Context()) {
				// A set at 0 starts again with its claims.
				needed := replicas > 0 || rule == "claim-in-use"
				if needed {
					err = deniedBy(rule, err)
				}
				if err != nil && (needed || rule != "namespace-delete") {
					t.Errorf("right behind %d replicas: %v", replicas, err)
				}
			}
		}
	}
	orphan := metav1.DeletePropagationOrphan
	if err := g.Client.AppsV1().StatefulSets(g.namespace).Delete(t.Context(), "web", metav1.DeleteOptions{PropagationPolicy: &orphan}); err != nil {
		t.Fatal(err)
	}
	// The garbage collector may have made orphans of its pods by now, which need the Service all the same.
	if err := g.deletions(t.Context())["service-in-use"]; err != nil && !strings.Contains(err.Error(), "run on without their StatefulSet") {
		t.Errorf("right behind the deletion: %v", err)
	}
}

// patched changes the set.
func (g guard) patched(ctx context.Context, patch string) error {
	_, err := g.Client.AppsV1().StatefulSets(g.namespace).Patch(ctx, "web", types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}

// deletions tries to delete what a set needs, and returns what came of it by the rule that looks after it.
func (g guard) deletions(ctx context.Context) map[string]error {
	dry := metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}}
	core := g.Client.CoreV1()
	return map[string]error{
		"service-in-use":   core.Services(g.namespace).Delete(ctx, "nginx", dry),
		"claim-in-use":     core.PersistentVolumeClaims(g.namespace).Delete(ctx, "www-web-0", dry),
		"namespace-delete": core.Namespaces().Delete(ctx, g.namespace, dry),
	}
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

// tryStatefulSet is the creation of a set as a dry run, where a missing Service is a warning: it may come later.
func (g guard) tryStatefulSet(ctx context.Context, set *builders.StatefulSet) error {
	heard := &warned{}
	config := g.Config()
	config.WarningHandler = heard
	if g.server != "" {
		config.Host = g.server
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	dry := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
	_, err = client.AppsV1().StatefulSets(g.namespace).Create(ctx, &set.StatefulSet, dry)
	return errors.Join(err, heard.ofService)
}

// warned keeps the warning of a missing Service.
type warned struct{ ofService error }

func (w *warned) HandleWarningHeader(_ int, _ string, text string) {
	if strings.HasPrefix(text, "[headless-service]") {
		w.ofService = errors.New(text)
	}
}
