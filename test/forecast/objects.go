package forecast

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/kubernetes/pkg/api/legacyscheme"

	// Their defaults are those of the API server.
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
)

const (
	namespace = "data"
	name      = "db"
)

// object makes a StatefulSet as the API server stores it.
func (s Settings) object() *appsv1.StatefulSet {
	labels := map[string]string{"app": name}
	replicas, history := int32(s.Replicas), int32(s.History)
	set := &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: appsv1.StatefulSetSpec{
			Replicas: &replicas, RevisionHistoryLimit: &history, MinReadySeconds: int32(s.MinReady), ServiceName: name,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: name, Image: s.Image}}},
			},
			UpdateStrategy: s.strategy(),
			PersistentVolumeClaimRetentionPolicy: &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
				WhenDeleted: retention(s.DeleteDeleted), WhenScaled: retention(s.DeleteScaled),
			},
		},
	}
	if s.Parallel {
		set.Spec.PodManagementPolicy = appsv1.ParallelPodManagement
	}
	if s.Start > 0 {
		set.Spec.Ordinals = &appsv1.StatefulSetOrdinals{Start: int32(s.Start)}
	}
	for index := range s.Claims {
		set.Spec.VolumeClaimTemplates = append(set.Spec.VolumeClaimTemplates,
			corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data" + strconv.Itoa(index)}})
	}
	legacyscheme.Scheme.Default(set)
	return set
}

func (s Settings) strategy() appsv1.StatefulSetUpdateStrategy {
	strategy := appsv1.StatefulSetUpdateStrategy{Type: appsv1.StatefulSetUpdateStrategyType(s.Strategy)}
	if s.Strategy != "" {
		return strategy
	}
	strategy.Type = appsv1.RollingUpdateStatefulSetStrategyType
	if s.Bare {
		return strategy
	}
	partition := int32(s.Partition)
	strategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: &partition}
	if s.MaxUnavailable != "" {
		limit := intstr.Parse(s.MaxUnavailable)
		strategy.RollingUpdate.MaxUnavailable = &limit
	}
	return strategy
}

func retention(deletes bool) appsv1.PersistentVolumeClaimRetentionPolicyType {
	if deletes {
		return appsv1.DeletePersistentVolumeClaimRetentionPolicyType
	}
	return appsv1.RetainPersistentVolumeClaimRetentionPolicyType
}

// meet sets a pod's state.
func meet(pod *corev1.Pod, what string, now metav1.Time) {
	switch what {
	case kill:
		pod.DeletionTimestamp = &now
	case fail:
		setStatus(pod, corev1.PodFailed, false, now)
	case succeed:
		setStatus(pod, corev1.PodSucceeded, false, now)
	case unready:
		setStatus(pod, corev1.PodRunning, false, now)
	case crash:
		setStatus(pod, corev1.PodRunning, false, now)
		setWaiting(pod, "CrashLoopBackOff")
	case pend:
		setStatus(pod, corev1.PodPending, false, now)
	}
}

func setStatus(pod *corev1.Pod, phase corev1.PodPhase, ready bool, now metav1.Time) {
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	pod.Status = corev1.PodStatus{Phase: phase, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: status, LastTransitionTime: now}}}
}

func setWaiting(pod *corev1.Pod, reason string) {
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: name, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}},
	}}
}

func isReady(pod *corev1.Pod) bool {
	return len(pod.Status.Conditions) > 0 && pod.Status.Conditions[0].Status == corev1.ConditionTrue
}

func uid(number int) types.UID { return types.UID("uid-" + strconv.Itoa(number)) }
