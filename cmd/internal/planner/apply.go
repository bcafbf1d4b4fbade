package planner

import (
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"

	"github.com/stateward/stateward/policies/forecast"
)

// apply plans the manifest of a StatefulSet as `kubectl apply` merges it.
func (i *Inventory) apply(manifest json.RawMessage, namespace string) ([]change, error) {
	var wanted appsv1.StatefulSet
	if err := json.Unmarshal(manifest, &wanted); err != nil {
		return nil, fmt.Errorf("read StatefulSet: %w", err)
	}
	if wanted.Namespace == "" {
		wanted.Namespace = namespace
	}
	before := i.set(wanted.Namespace, wanted.Name)
	if before == nil {
		return i.create(&wanted)
	}
	after, err := merged(before, &wanted, manifest)
	if err != nil {
		return nil, fmt.Errorf("apply StatefulSet %s/%s: %w", wanted.Namespace, wanted.Name, err)
	}
	c, err := i.update(before, after)
	c.assumed = []string{"the API server and its admission webhooks change nothing else in the manifest"}
	return []change{c}, err
}

func (i *Inventory) create(wanted *appsv1.StatefulSet) ([]change, error) {
	set, err := forecast.FromSet(wanted)
	return []change{{
		object: "StatefulSet " + wanted.Namespace + "/" + wanted.Name, set: wanted, isNew: true,
		forecast: forecast.Change{Action: forecast.CreateSet, Set: set},
		resource: "statefulsets", operation: "CREATE", namespace: wanted.Namespace, name: wanted.Name, after: wanted,
	}}, err
}

// merged is the three-way merge of kubectl: fields that the last applied manifest had and the new one lacks are removed.
func merged(before, wanted *appsv1.StatefulSet, manifest []byte) (*appsv1.StatefulSet, error) {
	current, err := json.Marshal(before)
	if err != nil {
		return nil, err
	}
	var original []byte
	if last := before.Annotations[corev1.LastAppliedConfigAnnotation]; last != "" {
		original = []byte(last)
	}
	schema, err := strategicpatch.NewPatchMetaFromStruct(appsv1.StatefulSet{})
	if err != nil {
		return nil, err
	}
	patch, err := strategicpatch.CreateThreeWayMergePatch(original, manifest, current, schema, true)
	if err != nil {
		return nil, err
	}
	result, err := strategicpatch.StrategicMergePatch(current, patch, appsv1.StatefulSet{})
	if err != nil {
		return nil, err
	}
	after := &appsv1.StatefulSet{}
	if err := json.Unmarshal(result, after); err != nil {
		return nil, err
	}
	after.Namespace, after.Status = wanted.Namespace, before.Status
	return after, nil
}
