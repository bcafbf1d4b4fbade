// Package canary reads how the canary of a StatefulSet is doing: which pods run the new revision, and whether they are Ready.
package canary

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
)

// Canary is a StatefulSet with its pods, in the order of their ordinals.
type Canary struct {
	Set  *appsv1.StatefulSet
	Pods []corev1.Pod
}

// New selects the pods that the set controls.
func New(set *appsv1.StatefulSet, pods []corev1.Pod) Canary {
	own := slices.DeleteFunc(slices.Clone(pods), func(pod corev1.Pod) bool { return !metav1.IsControlledBy(&pod, set) })
	slices.SortFunc(own, func(a, b corev1.Pod) int { return cmp.Compare(ordinal(a), ordinal(b)) })
	return Canary{Set: set, Pods: own}
}

func ordinal(pod corev1.Pod) int {
	number, err := strconv.Atoi(pod.Name[strings.LastIndex(pod.Name, "-")+1:])
	if err != nil {
		return -1
	}
	return number
}

// Partition is the replica index below which pods keep the current revision.
func (c Canary) Partition() int {
	rolling := c.Set.Spec.UpdateStrategy.RollingUpdate
	if rolling == nil || rolling.Partition == nil {
		return 0
	}
	return int(*rolling.Partition)
}

func (c Canary) replicas() int {
	if c.Set.Spec.Replicas == nil {
		return 1
	}
	return int(*c.Set.Spec.Replicas)
}

// name is that of the pod with this replica index.
func (c Canary) name(index int) string {
	if c.Set.Spec.Ordinals != nil {
		index += int(c.Set.Spec.Ordinals.Start)
	}
	return fmt.Sprintf("%s-%d", c.Set.Name, index)
}

// Nothing returns why no canary's partition could be lowered to this one, nil if one could.
func (c Canary) Nothing(to int) error {
	strategy := cmp.Or(c.Set.Spec.UpdateStrategy.Type, appsv1.RollingUpdateStatefulSetStrategyType)
	switch from := c.Partition(); {
	case strategy != appsv1.RollingUpdateStatefulSetStrategyType:
		return fmt.Errorf("nothing to promote: the update strategy is %s, which has no partition", strategy)
	case from == 0:
		return errors.New("nothing to promote: the partition is 0 already")
	case to < 0 || to >= from:
		return fmt.Errorf("--to %d: use a partition from 0 to %d, below the present one", to, from-1)
	case c.seen() && c.Set.Status.CurrentRevision == c.Set.Status.UpdateRevision:
		return fmt.Errorf("nothing to promote: no rollout is in progress, all pods have revision %s", c.Set.Status.CurrentRevision)
	case from >= c.replicas() && !c.waits():
		return fmt.Errorf("nothing to promote: partition %d is above every pod: %d would start a canary", from, max(0, c.replicas()-1))
	default:
		return nil
	}
}

// waits is true for an update that Stateward keeps from every pod, until the other sets of a rollout group are done.
func (c Canary) waits() bool { return c.Set.Annotations[policies.CanaryHoldAnnotation] != "" }

// seen is false where the status is about an earlier spec.
func (c Canary) seen() bool { return c.Set.Status.ObservedGeneration >= c.Set.Generation }

// Unready says which pods at and above the partition do not show yet that the new revision works; nil where all do.
func (c Canary) Unready() error {
	if !c.seen() {
		return errors.New("the controller has not seen the last change yet: repeat this command in a moment")
	}
	var faults []string
	for index := c.Partition(); index < c.replicas(); index++ {
		if fault := c.fault(c.name(index)); fault != "" {
			faults = append(faults, c.name(index)+" "+fault)
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("not promoted: %s; wait until these pods are updated and Ready, or go back to the previous template",
			strings.Join(faults, ", "))
	}
	return nil
}

func (c Canary) fault(name string) string {
	index := slices.IndexFunc(c.Pods, func(pod corev1.Pod) bool { return pod.Name == name })
	switch {
	case index < 0:
		return "is missing"
	case revision(c.Pods[index]) != c.Set.Status.UpdateRevision:
		return "is not updated"
	case c.Pods[index].DeletionTimestamp != nil:
		return "is being deleted"
	case !ready(c.Pods[index]):
		return "is not Ready"
	default:
		return ""
	}
}

// Followers are the pods that a lower partition updates, in the order in which the controller does it.
func (c Canary) Followers(to int) (names []string) {
	for index := min(c.Partition(), c.replicas()) - 1; index >= to; index-- {
		names = append(names, c.name(index))
	}
	return names
}

func revision(pod corev1.Pod) string { return pod.Labels[appsv1.StatefulSetRevisionLabel] }

func ready(pod corev1.Pod) bool {
	condition := readiness(pod)
	return condition != nil && condition.Status == corev1.ConditionTrue
}

func readiness(pod corev1.Pod) *corev1.PodCondition {
	for index := range pod.Status.Conditions {
		if pod.Status.Conditions[index].Type == corev1.PodReady {
			return &pod.Status.Conditions[index]
		}
	}
	return nil
}

// since is how long the pod has been Ready, or not; a pod without the condition has not been since its creation.
func since(pod corev1.Pod, now time.Time) time.Duration {
	changed := pod.CreationTimestamp
	if condition := readiness(pod); condition != nil && !condition.LastTransitionTime.IsZero() {
		changed = condition.LastTransitionTime
	}
	return now.Sub(changed.Time)
}
