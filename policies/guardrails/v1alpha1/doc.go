// Package v1alpha1 holds the Guardrails, the configuration object: its type, how it is read, and what can be wrong with it.
// Every mistake is a *FieldError that leads to its field.
//
// +kubebuilder:object:generate=true
// +groupName=stateward.dev
// +versionName=v1alpha1
package v1alpha1
