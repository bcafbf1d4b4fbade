package planner

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// AssumeReady returns manifests as a cluster would hold them once all is done: each StatefulSet with its pods, Ready at its
// template, and with their claims. Objects that name no namespace are in namespace.
func AssumeReady(manifests []unstructured.Unstructured, namespace string, now time.Time) (objects []unstructured.Unstructured, err error) {
	for index := range manifests {
		manifest := manifests[index]
		if manifest.GetNamespace() == "" && manifest.GetKind() != "Namespace" {
			manifest.SetNamespace(namespace)
		}
		if manifest.GetAPIVersion() != "apps/v1" || manifest.GetKind() != "StatefulSet" {
			objects = append(objects, manifest)
			continue
		}
		var set appsv1.StatefulSet
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(manifest.Object, &set); err != nil {
			return nil, fmt.Errorf("read StatefulSet %s/%s: %w", manifest.GetNamespace(), manifest.GetName(), err)
		}
		// As kubectl leaves it behind, so that fields that are gone are removed.
		applied, err := manifest.MarshalJSON()
		if err != nil {
			return nil, err
		}
		if set.Annotations == nil {
			set.Annotations = map[string]string{}
		}
		set.Annotations[corev1.LastAppliedConfigAnnotation] = string(applied)
		made, err := assumed(set, now)
		if err != nil {
			return nil, err
		}
		objects = append(objects, made...)
	}
	return objects, nil
}

// assumed is a StatefulSet in its last state.
func assumed(set appsv1.StatefulSet, now time.Time) (objects []unstructured.Unstructured, err error) {
	revision := set.Name + "-baseline"
	replicas := ptr.Deref(set.Spec.Replicas, 1)
	set.UID, set.Generation = types.UID(set.Namespace+"/"+set.Name), 1
	set.Status = appsv1.StatefulSetStatus{
		ObservedGeneration: 1, Replicas: replicas, ReadyReplicas: replicas, CurrentReplicas: replicas, UpdatedReplicas: replicas,
		AvailableReplicas: replicas, CurrentRevision: revision, UpdateRevision: revision,
	}
	all := []runtime.Object{&set}
	start := int32(0)
	if set.Spec.Ordinals != nil {
		start = set.Spec.Ordinals.Start
	}
	for ordinal := start; ordinal < start+replicas; ordinal++ {
		pod := assumedPod(set, fmt.Sprintf("%s-%d", set.Name, ordinal), revision, now)
		for _, template := range set.Spec.VolumeClaimTemplates {
			claim := assumedClaim(set, template, pod.Name)
			all = append(all, claim)
			pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: template.Name, VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name},
			}})
		}
		all = append(all, pod)
	}
	for _, each := range all {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(each)
		if err != nil {
			return nil, err
		}
		objects = append(objects, unstructured.Unstructured{Object: content})
	}
	return objects, nil
}

func assumedPod(set appsv1.StatefulSet, name, revision string, now time.Time) *corev1.Pod {
	pod := &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: *set.Spec.Template.ObjectMeta.DeepCopy(), Spec: *set.Spec.Template.Spec.DeepCopy(),
	}
	pod.Name, pod.Namespace, pod.UID = name, set.Namespace, types.UID(set.Namespace+"/"+name)
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	pod.Labels[appsv1.StatefulSetRevisionLabel], pod.Labels[appsv1.StatefulSetPodNameLabel] = revision, name
	pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(&set, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))}
	// Long enough for any minReadySeconds.
	since := metav1.NewTime(now.Add(-365 * 24 * time.Hour))
	pod.Status = corev1.PodStatus{
		Phase:      corev1.PodRunning,
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: since}},
	}
	return pod
}

// assumedClaim has the owner that the controller gives it. Which volume it is bound to is not known.
func assumedClaim(set appsv1.StatefulSet, template corev1.PersistentVolumeClaim, pod string) *corev1.PersistentVolumeClaim {
	claim := template.DeepCopy()
	claim.APIVersion, claim.Kind = "v1", "PersistentVolumeClaim"
	claim.Name, claim.Namespace = template.Name+"-"+pod, set.Namespace
	claim.UID = types.UID(claim.Namespace + "/" + claim.Name)
	claim.Status.Phase = corev1.ClaimBound
	// As it is read in a step: volume of claim data-db-0: it is not known whether its data are kept.
	claim.Spec.VolumeName = "of claim " + claim.Name
	policy := set.Spec.PersistentVolumeClaimRetentionPolicy
	if policy != nil && policy.WhenDeleted == appsv1.DeletePersistentVolumeClaimRetentionPolicyType {
		claim.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(&set, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))}
	}
	return claim
}
