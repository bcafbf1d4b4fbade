package canary_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/cmd/internal/canary"
	"github.com/stateward/stateward/policies"
)

const (
	oldRevision = "web-a"
	newRevision = "web-b"
)

func now() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func pointer[T any](value T) *T { return &value }

// makeSet is a set of 3 pods with partition 2, whose rollout from one revision to another is in progress.
func makeSet(changes ...func(*appsv1.StatefulSet)) *appsv1.StatefulSet {
	set := &appsv1.StatefulSet{}
	set.Name, set.UID, set.Generation = "web", "uid", 2
	set.Spec.Replicas = pointer[int32](3)
	set.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: pointer[int32](2)}
	set.Status = appsv1.StatefulSetStatus{ObservedGeneration: 2, CurrentRevision: oldRevision, UpdateRevision: newRevision}
	for _, change := range changes {
		change(set)
	}
	return set
}

func makePod(name, revision string, ready corev1.ConditionStatus, changes ...func(*corev1.Pod)) corev1.Pod {
	pod := corev1.Pod{}
	pod.Name = name
	pod.Labels = map[string]string{appsv1.StatefulSetRevisionLabel: revision}
	pod.OwnerReferences = []metav1.OwnerReference{{UID: "uid", Controller: pointer(true)}}
	pod.Spec.Containers = []corev1.Container{{Name: "nginx", Image: "nginx:" + revision[len("web-"):]}}
	pod.Status.Conditions = []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionTrue},
		{Type: corev1.PodReady, Status: ready, LastTransitionTime: metav1.NewTime(now().Add(-12 * time.Minute))},
	}
	for _, change := range changes {
		change(&pod)
	}
	return pod
}

func crashing(pod *corev1.Pod) {
	pod.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "copy", RestartCount: 1}}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: "nginx", RestartCount: 4,
		State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}},
	}}
}

func healthy() []corev1.Pod {
	return []corev1.Pod{
		makePod("web-2", newRevision, corev1.ConditionTrue), makePod("web-0", oldRevision, corev1.ConditionTrue),
		makePod("web-1", oldRevision, corev1.ConditionTrue),
	}
}

func TestTextShowsPodsByRevision(t *testing.T) {
	t.Parallel()
	others := makePod("web-9", newRevision, corev1.ConditionTrue, func(pod *corev1.Pod) { pod.OwnerReferences = nil })
	for name, test := range map[string]struct {
		pods []corev1.Pod
		want string
	}{
		"a healthy canary": {append(healthy(), others), `statefulset/web: partition 2, 3 replicas
  new revision web-b (nginx:b): 1 pod, 1 Ready
    web-2 Ready for 12m, 0 restarts
  current revision web-a (nginx:a): 2 pods, 2 Ready
`},
		"a canary that crashes": {[]corev1.Pod{
			makePod("web-0", "web-0", corev1.ConditionTrue),
			makePod("web-1", oldRevision, corev1.ConditionFalse, func(pod *corev1.Pod) {
				pod.Status.Conditions, pod.CreationTimestamp = nil, metav1.NewTime(now().Add(-time.Hour))
			}),
			makePod("web-2", newRevision, corev1.ConditionFalse, crashing),
		}, `statefulset/web: partition 2, 3 replicas
  new revision web-b (nginx:b): 1 pod, 0 Ready
    web-2 not Ready for 12m, 5 restarts, nginx: CrashLoopBackOff
  other revision web-0 (nginx:0): 1 pod, 1 Ready
  current revision web-a (nginx:a): 1 pod, 0 Ready
    web-1 not Ready for 60m, 0 restarts
`},
		"no pods": {nil, "statefulset/web: partition 2, 3 replicas\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, canary.New(makeSet(), test.pods).Text(now())); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnreadyNamesPodsThatDoNotWork(t *testing.T) {
	t.Parallel()
	const remedy = "; wait until these pods are updated and Ready, or go back to the previous template"
	lowest := func(set *appsv1.StatefulSet) { set.Spec.UpdateStrategy.RollingUpdate.Partition = pointer[int32](1) }
	for name, test := range map[string]struct {
		set  *appsv1.StatefulSet
		pods []corev1.Pod
		want string
	}{
		"a canary that is Ready": {makeSet(), healthy(), ""},
		"ordinals from 5": {makeSet(func(set *appsv1.StatefulSet) { set.Spec.Ordinals = &appsv1.StatefulSetOrdinals{Start: 5} }),
			[]corev1.Pod{makePod("web-7", newRevision, corev1.ConditionTrue)}, ""},
		"pods that are missing or not updated": {makeSet(lowest), []corev1.Pod{makePod("web-1", oldRevision, corev1.ConditionTrue)},
			"not promoted: web-1 is not updated, web-2 is missing" + remedy},
		"a pod that is not Ready": {makeSet(), []corev1.Pod{makePod("web-2", newRevision, corev1.ConditionFalse)},
			"not promoted: web-2 is not Ready" + remedy},
		"a pod without conditions": {makeSet(), []corev1.Pod{
			makePod("web-2", newRevision, "", func(pod *corev1.Pod) { pod.Status.Conditions = nil })},
			"not promoted: web-2 is not Ready" + remedy},
		"a pod that terminates": {makeSet(), []corev1.Pod{makePod("web-2", newRevision, corev1.ConditionTrue, func(pod *corev1.Pod) {
			pod.DeletionTimestamp = pointer(metav1.NewTime(now()))
		})}, "not promoted: web-2 is being deleted" + remedy},
		"a change that the controller has not seen": {makeSet(func(set *appsv1.StatefulSet) { set.Generation = 3 }), healthy(),
			"the controller has not seen the last change yet: repeat this command in a moment"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, text(canary.New(test.set, test.pods).Unready())); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPromotionExplainsWhatCannotBePromoted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		set  *appsv1.StatefulSet
		to   int
		want string
	}{
		"a canary":        {makeSet(), 0, ""},
		"a step":          {makeSet(), 1, ""},
		"the same":        {makeSet(), 2, "--to 2: use a partition from 0 to 1, below the present one"},
		"a negative step": {makeSet(), -1, "--to -1: use a partition from 0 to 1, below the present one"},
		"another strategy": {makeSet(func(set *appsv1.StatefulSet) { set.Spec.UpdateStrategy.Type = appsv1.OnDeleteStatefulSetStrategyType }), 0,
			"nothing to promote: the update strategy is OnDelete, which has no partition"},
		"no partition": {makeSet(func(set *appsv1.StatefulSet) { set.Spec.UpdateStrategy.RollingUpdate = nil }), 0,
			"nothing to promote: the partition is 0 already"},
		"no rollout": {makeSet(func(set *appsv1.StatefulSet) { set.Status.UpdateRevision = oldRevision }), 0,
			"nothing to promote: no rollout is in progress, all pods have revision web-a"},
		"a rollout that the controller has not seen": {makeSet(func(set *appsv1.StatefulSet) {
			set.Status.UpdateRevision, set.Generation = oldRevision, 3
		}), 0, ""},
		"no canary": {makeSet(func(set *appsv1.StatefulSet) { set.Spec.Replicas = nil }), 0,
			"nothing to promote: partition 2 is above every pod: 0 would start a canary"},
		"an update that waits for its rollout group": {makeSet(func(set *appsv1.StatefulSet) {
			set.Spec.UpdateStrategy.RollingUpdate.Partition = pointer[int32](3)
			set.Annotations = map[string]string{policies.CanaryHoldAnnotation: "3/nginx=nginx:b"}
		}), 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, text(canary.New(test.set, nil).Nothing(test.to))); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFollowersAreUpdatedFromTheLast(t *testing.T) {
	t.Parallel()
	for to, want := range map[int][]string{0: {"web-1", "web-0"}, 1: {"web-1"}, 2: nil} {
		if diff := cmp.Diff(want, canary.New(makeSet(), nil).Followers(to)); diff != "" {
			t.Errorf("followers of partition %d (-want +got):\n%s", to, diff)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
