package auditlog

import (
	"encoding/json"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// scaleOf is a StatefulSet as its subresource scale shows it; empty if the set is not known.
// Source: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/registry/apps/statefulset/storage/storage.go, scaleFromStatefulSet
func scaleOf(object json.RawMessage) json.RawMessage {
	var set appsv1.StatefulSet
	if len(object) == 0 || json.Unmarshal(object, &set) != nil || set.Spec.Replicas == nil {
		return nil
	}
	selector, err := metav1.LabelSelectorAsSelector(set.Spec.Selector)
	if err != nil {
		return nil
	}
	scale := autoscalingv1.Scale{
		TypeMeta: metav1.TypeMeta{APIVersion: "autoscaling/v1", Kind: "Scale"},
		ObjectMeta: metav1.ObjectMeta{
			Name: set.Name, Namespace: set.Namespace, UID: set.UID, ResourceVersion: set.ResourceVersion, CreationTimestamp: set.CreationTimestamp,
		},
		Spec:   autoscalingv1.ScaleSpec{Replicas: *set.Spec.Replicas},
		Status: autoscalingv1.ScaleStatus{Replicas: set.Status.Replicas, Selector: selector.String()},
	}
	written, err := json.Marshal(scale)
	if err != nil {
		return nil
	}
	return written
}

// scaledTo is an object after a Scale of it was written; empty if that is not known.
func scaledTo(object, scale json.RawMessage) json.RawMessage {
	var read autoscalingv1.Scale
	var written map[string]any
	if len(object) == 0 || json.Unmarshal(scale, &read) != nil || json.Unmarshal(object, &written) != nil {
		return nil
	}
	metadata, _ := written["metadata"].(map[string]any)
	spec, _ := written["spec"].(map[string]any)
	if metadata == nil || spec == nil {
		return nil
	}
	before, _ := spec["replicas"].(float64)
	generation, _ := metadata["generation"].(float64)
	if int32(before) != read.Spec.Replicas {
		metadata["generation"] = generation + 1
	}
	spec["replicas"], metadata["resourceVersion"] = read.Spec.Replicas, read.ResourceVersion
	scaled, err := json.Marshal(written)
	if err != nil {
		return nil
	}
	return scaled
}
