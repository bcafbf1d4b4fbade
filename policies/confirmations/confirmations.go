// Package confirmations is the API of Confirmations, which let several guarded operations through at once. The rules look
// them up; policies/lib/confirmations.rego says when one counts.
//
// +kubebuilder:object:generate=true
// +groupName=stateward.dev
// +versionName=v1alpha1
package confirmations

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// Kind is the kind of a Confirmation.
const Kind = "Confirmation"

// AddToScheme lets a typed client read and write Confirmations.
func AddToScheme(scheme *runtime.Scheme) error {
	version := schema.GroupVersion{Group: policies.Group, Version: policies.Version}
	scheme.AddKnownTypes(version, &Confirmation{}, &ConfirmationList{})
	metav1.AddToGroupVersion(scheme, version)
	return nil
}

// Confirmation allows guarded operations on the objects that it covers, for at most an hour. It covers objects of
// its own namespace; one in the namespace stateward-system covers objects without a namespace, and a Namespace is covered
// by one inside it. `stateward confirm` creates it.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=confirmations,singular=confirmation,scope=Namespaced
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Operations",type=string,JSONPath=`.spec.operations`
// +kubebuilder:printcolumn:name="Confirmed by",type=string,JSONPath=`.spec.confirmedBy`
// +kubebuilder:printcolumn:name="Until",type=string,JSONPath=`.spec.until`
// +kubebuilder:printcolumn:name="Uses",type=integer,JSONPath=`.status.uses`
// +kubebuilder:printcolumn:name="Last used",type=date,JSONPath=`.status.lastUsed`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.spec.reason`
type Confirmation struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec Spec `json:"spec"`
	// Status says what the Confirmation was used for. Stateward writes it after the decisions, and no decision reads it.
	Status *Status `json:"status,omitempty"`
}

// ConfirmationList is a list of them.
//
// +kubebuilder:object:root=true
type ConfirmationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Confirmation `json:"items"`
}

// Spec says what is confirmed. It cannot be changed.
//
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a Confirmation cannot be changed: delete it and create another one"
// +kubebuilder:validation:XValidation:rule="[has(self.objects), has(self.selector), has(self.helmRelease), has(self.owner)].filter(given, given).size() == 1",message="set exactly one of objects, selector, helmRelease and owner"
// +kubebuilder:validation:XValidation:rule="!has(self.selector) || has(self.selector.matchLabels) || has(self.selector.matchExpressions)",message="an empty selector selects everything: name labels",fieldPath=".selector"
type Spec struct {
	// Operations are the operations that are allowed: delete, update and scale.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	// +kubebuilder:validation:items:Enum=delete;update;scale
	// +listType=set
	Operations []string `json:"operations"`
	// Rules limits the Confirmation to what these rules deny; absent means all rules that can be confirmed.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MaxLength=63
	// +listType=set
	Rules []string `json:"rules,omitempty"`
	// Objects are single objects.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +listType=atomic
	Objects []Object `json:"objects,omitempty"`
	// Selector selects objects by their labels.
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
	// HelmRelease selects the objects of a Helm release by their annotation meta.helm.sh/release-name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=53
	HelmRelease string `json:"helmRelease,omitempty"`
	// Owner selects an object and what has an owner reference to it.
	Owner *Owner `json:"owner,omitempty"`
	// Subjects may use the Confirmation; absent means everyone. If a service account creates the Confirmation, it has no
	// effect without subjects: a chart or a GitOps tool would confirm its own operations each time.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +listType=atomic
	Subjects []v1alpha1.Subject `json:"subjects,omitempty"`
	// Until is when the Confirmation ends, in RFC 3339, at most one hour after it is created.
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:MaxLength=40
	Until string `json:"until"`
	// Reason explains the Confirmation to its readers.
	// +kubebuilder:validation:MaxLength=500
	Reason string `json:"reason,omitempty"`
	// ConfirmedBy is the user who creates the Confirmation. Stateward writes it.
	// +kubebuilder:validation:MaxLength=500
	ConfirmedBy string `json:"confirmedBy,omitempty"`
}

// Object names an object in the namespace of the Confirmation.
type Object struct {
	// Group is the API group of the object; absent for Services, PersistentVolumeClaims and other core objects.
	// +kubebuilder:validation:MaxLength=253
	Group string `json:"group,omitempty"`
	// Kind of the object.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind"`
	// Name of the object.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// UID limits the Confirmation to the object that has this uid; another object with this name is not covered.
	// +kubebuilder:validation:MaxLength=63
	UID string `json:"uid,omitempty"`
	// Generation limits the Confirmation to this generation of the object, so that it ends with the first change.
	// +kubebuilder:validation:Minimum=1
	Generation int64 `json:"generation,omitempty"`
}

// Owner names an owner in the namespace of the Confirmation.
type Owner struct {
	// Group is the API group of the owner.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Group string `json:"group"`
	// Kind of the owner.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind"`
	// Name of the owner.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}
