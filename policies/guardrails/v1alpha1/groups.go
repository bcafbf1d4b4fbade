package v1alpha1

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// RolloutGroup names StatefulSets of which only one at a time may roll.
type RolloutGroup struct {
	// Name is the group's name in messages. Without labelSelector its members have the label stateward.dev/rollout-group with
	// this value.
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// Namespaces are patterns; the namespace of a member must match one. Absent means every namespace.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:Pattern=`^[-a-z0-9*]+$`
	// +kubebuilder:validation:items:MaxLength=63
	Namespaces []string `json:"namespaces,omitempty"`
	// LabelSelector selects the members by the labels of the StatefulSet, in the place of the label.
	LabelSelector *metav1.LabelSelector `json:"labelSelector,omitempty"`
}

func (s GuardrailsSpec) checkGroups(found *mistakes) {
	seen := map[string]int{}
	for index, group := range s.RolloutGroups {
		path := []any{"spec", "rolloutGroups", index}
		if first, again := seen[group.Name]; again {
			found.add(fmt.Errorf("group %q is already in rolloutGroups[%d]", group.Name, first), append(path, "name")...)
		}
		seen[group.Name] = index
		group.check(found, path...)
	}
}

func (g RolloutGroup) check(found *mistakes, path ...any) {
	if g.Name == "" || len(validation.IsValidLabelValue(g.Name)) > 0 {
		found.add(fmt.Errorf("%q is not the value of a label: use at most 63 letters, digits, -, . and _", g.Name), append(path, "name")...)
	}
	for index, each := range g.Namespaces {
		found.add(checkPattern(each), append(path, "namespaces", index)...)
	}
	if _, err := metav1.LabelSelectorAsSelector(g.LabelSelector); err != nil {
		found.add(err, append(path, "labelSelector")...)
	}
}
