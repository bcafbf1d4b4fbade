package forecast

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Objects are the objects of a namespace that a State is read from. Those that do not belong to the StatefulSet are ignored.
type Objects struct {
	Set       *appsv1.StatefulSet
	Pods      []corev1.Pod
	Claims    []corev1.PersistentVolumeClaim
	Volumes   []corev1.PersistentVolume
	Revisions []appsv1.ControllerRevision
}

// FromObjects reads a state as it is at a time. The StatefulSet must have its defaults, as the API server returns it.
func FromObjects(objects Objects, gates Gates, now time.Time) (State, error) {
	set, err := FromSet(objects.Set)
	if err != nil {
		return State{}, err
	}
	state := State{Set: set, Gates: gates}
	for index := range objects.Pods {
		pod := &objects.Pods[index]
		if ordinal, is := set.ordinalOf(pod.Name); is && pod.Namespace == set.Namespace {
			state.Pods = append(state.Pods, FromPod(pod, ordinal, now))
		}
	}
	for index := range objects.Claims {
		claim := &objects.Claims[index]
		if _, _, is := set.placeOf(claim.Name); is && claim.Namespace == set.Namespace {
			state.Claims = append(state.Claims, fromClaim(claim, objects.Volumes))
		}
	}
	for index := range objects.Revisions {
		revision := &objects.Revisions[index]
		if !belongs(revision, objects.Set) {
			continue
		}
		template, err := TemplateOf(revision)
		if err != nil {
			return State{}, fmt.Errorf("read ControllerRevision %s: %w", revision.Name, err)
		}
		state.Revisions = append(state.Revisions, Revision{Name: revision.Name, Number: revision.Revision, Template: template})
	}
	return state, nil
}

// FromSet reads the fields of a StatefulSet.
func FromSet(object *appsv1.StatefulSet) (Set, error) {
	template, err := TemplateID(object.Spec.Template)
	if err != nil {
		return Set{}, fmt.Errorf("read StatefulSet %s: %w", object.Name, err)
	}
	spec := object.Spec
	set := Set{
		Namespace: object.Namespace, Name: object.Name, UID: string(object.UID), Replicas: 1,
		Parallel: spec.PodManagementPolicy == appsv1.ParallelPodManagement, Strategy: Strategy(spec.UpdateStrategy.Type),
		MinReady: int(spec.MinReadySeconds), Template: template, History: 10, Service: spec.ServiceName,
		CurrentRevision: object.Status.CurrentRevision, CurrentReplicas: int(object.Status.CurrentReplicas),
		Deleting: object.DeletionTimestamp != nil,
	}
	if spec.Replicas != nil {
		set.Replicas = int(*spec.Replicas)
	}
	if spec.Ordinals != nil {
		set.Start = int(spec.Ordinals.Start)
	}
	if spec.RevisionHistoryLimit != nil {
		set.History = int(*spec.RevisionHistoryLimit)
	}
	if policy := spec.PersistentVolumeClaimRetentionPolicy; policy != nil {
		set.DeleteWhenDeleted = policy.WhenDeleted == appsv1.DeletePersistentVolumeClaimRetentionPolicyType
		set.DeleteWhenScaled = policy.WhenScaled == appsv1.DeletePersistentVolumeClaimRetentionPolicyType
	}
	for _, claim := range spec.VolumeClaimTemplates {
		set.Claims = append(set.Claims, claim.Name)
	}
	switch {
	case set.Strategy == "":
		set.Strategy, set.Rolling = RollingUpdate, &Rolling{}
	case spec.UpdateStrategy.RollingUpdate != nil:
		set.Rolling, err = rollingFrom(spec.UpdateStrategy.RollingUpdate)
	}
	return set, err
}

func rollingFrom(given *appsv1.RollingUpdateStatefulSetStrategy) (*Rolling, error) {
	rolling := &Rolling{}
	if given.Partition != nil {
		rolling.Partition = int(*given.Partition)
	}
	switch limit := given.MaxUnavailable; {
	case limit == nil:
	case limit.Type == intstr.Int:
		rolling.MaxUnavailable = limit.IntValue()
	default:
		percent, err := strconv.Atoi(strings.TrimSuffix(limit.StrVal, "%"))
		if err != nil || !strings.HasSuffix(limit.StrVal, "%") {
			return nil, fmt.Errorf("maxUnavailable %q is neither a number nor a percentage", limit.StrVal)
		}
		rolling.MaxUnavailable, rolling.Percent = percent, true
	}
	return rolling, nil
}

// TemplateID identifies a pod template by its content.
func TemplateID(template corev1.PodTemplateSpec) (string, error) {
	text, err := json.Marshal(template)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6]), nil
}

// TemplateOf identifies the pod template that a revision restores.
func TemplateOf(revision *appsv1.ControllerRevision) (string, error) {
	var patch struct {
		Spec struct {
			Template corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(revision.Data.Raw, &patch); err != nil {
		return "", err
	}
	return TemplateID(patch.Spec.Template)
}

// belongs reports whether a revision is the set's. Revisions of a set that was deleted without its pods have no owner, and are
// adopted by their labels.
func belongs(revision *appsv1.ControllerRevision, set *appsv1.StatefulSet) bool {
	if revision.Namespace != set.Namespace {
		return false
	}
	if owner := metav1.GetControllerOf(revision); owner != nil {
		return owner.UID == set.UID
	}
	selector, err := metav1.LabelSelectorAsSelector(set.Spec.Selector)
	return err == nil && selector.Matches(labels.Set(revision.Labels))
}

// FromPod reads a pod whose name ends with an ordinal, as it is at a time.
func FromPod(pod *corev1.Pod, ordinal int, now time.Time) Pod {
	read := Pod{
		Ordinal: ordinal, UID: string(pod.UID), Revision: pod.Labels[appsv1.StatefulSetRevisionLabel], Phase: Phase(pod.Status.Phase),
		Terminating: pod.DeletionTimestamp != nil, Broken: Brokenness(pod) != "",
	}
	if read.Phase == "" || read.Phase == Phase(corev1.PodUnknown) {
		read.Phase = Pending
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
			read.Ready = true
			read.ReadySince = -int(now.Sub(condition.LastTransitionTime.Time) / time.Second)
		}
	}
	read.NoAddress = !read.Ready && pod.Status.PodIP == ""
	return read
}

// Brokenness returns why a pod does not get Ready without another change; it is empty where there is no such reason.
func Brokenness(pod *corev1.Pod) string {
	lasting := []string{"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if waiting := status.State.Waiting; waiting != nil && slices.Contains(lasting, waiting.Reason) {
			return waiting.Reason
		}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Reason == corev1.PodReasonUnschedulable {
			return condition.Reason
		}
	}
	return ""
}

func fromClaim(claim *corev1.PersistentVolumeClaim, volumes []corev1.PersistentVolume) Claim {
	read := FromClaim(claim)
	for index := range volumes {
		if volumes[index].Name == claim.Spec.VolumeName {
			read.Reclaim = Reclaim(volumes[index].Spec.PersistentVolumeReclaimPolicy)
		}
	}
	return read
}

// FromClaim reads a claim, without the reclaim policy of its volume.
func FromClaim(claim *corev1.PersistentVolumeClaim) Claim {
	read := Claim{Name: claim.Name, Terminating: claim.DeletionTimestamp != nil, Volume: claim.Spec.VolumeName}
	for _, owner := range claim.OwnerReferences {
		kind := owner.APIVersion + " " + owner.Kind
		switch kind {
		case "v1 " + podKind:
			kind = podKind
		case "apps/v1 " + setKind:
			kind = setKind
		}
		read.Owners = append(read.Owners, Owner{
			Kind: kind, Name: owner.Name, UID: string(owner.UID), Controller: owner.Controller != nil && *owner.Controller,
		})
	}
	for _, finalizer := range claim.Finalizers {
		if finalizer != "kubernetes.io/pvc-protection" {
			read.Held = "finalizer " + finalizer
		}
	}
	return read
}
