package v1alpha1

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/stateward/stateward/policies"
)

// Parent is a custom resource whose operator makes StatefulSets for it.
type Parent struct {
	// Group is its API group, such as rabbitmq.com.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Group string `json:"group"`
	// Kind is its kind, such as RabbitmqCluster.
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]+$`
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind"`
	// Resource is its plural, such as rabbitmqclusters. Absent means the usual plural of the kind.
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MaxLength=63
	Resource string `json:"resource,omitempty"`
	// Label is the label of a StatefulSet that holds the name of its custom resource, where the operator writes no
	// ownerReferences.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	Label string `json:"label,omitempty"`
}

// Registered is the resource that an API server has to ask about.
func (p Parent) Registered() policies.Parent {
	usual, _ := meta.UnsafeGuessKindToResource(schema.GroupVersionKind{Kind: p.Kind})
	return policies.Parent{Group: p.Group, Resource: cmp.Or(p.Resource, usual.Resource)}
}

// MoreParents are the resources of spec.parents that are not among policies.Parents.
func (g *Guardrails) MoreParents() (more []policies.Parent) {
	if g == nil {
		return nil
	}
	for _, each := range g.Spec.Parents {
		if parent := each.Registered(); !policies.IsParent(parent) {
			more = append(more, parent)
		}
	}
	return more
}

func (s GuardrailsSpec) checkParents(found *mistakes) {
	type key struct{ group, kind string }
	seen := map[key]int{}
	for index, parent := range s.Parents {
		path := []any{"spec", "parents", index}
		own := key{parent.Group, parent.Kind}
		if first, again := seen[own]; again {
			found.add(fmt.Errorf("%s of group %q is already in parents[%d]", parent.Kind, parent.Group, first), append(path, "kind")...)
		}
		seen[own] = index
		parent.check(found, path...)
	}
}

func (p Parent) check(found *mistakes, path ...any) {
	if problems := validation.IsDNS1123Subdomain(p.Group); len(problems) > 0 {
		found.add(fmt.Errorf("%q is not an API group: %s", p.Group, strings.Join(problems, ", ")), append(path, "group")...)
	}
	if p.Kind == "" {
		found.add(errors.New("is required: name the kind, such as RabbitmqCluster"), append(path, "kind")...)
		return
	}
	if problems := validation.IsDNS1035Label(p.Registered().Resource); len(problems) > 0 {
		found.add(fmt.Errorf("%q is not a plural such as rabbitmqclusters: %s", p.Registered().Resource, strings.Join(problems, ", ")), append(path, "resource")...)
	}
	if p.Label != "" {
		if problems := validation.IsQualifiedName(p.Label); len(problems) > 0 {
			found.add(fmt.Errorf("%q is not the key of a label: %s", p.Label, strings.Join(problems, ", ")), append(path, "label")...)
		}
	}
}
