package v1alpha1

import (
	"fmt"

	"github.com/stateward/stateward/policies/fieldpath"
)

// FieldError is a mistake at one field of the Guardrails.
//
// +kubebuilder:object:generate=false
type FieldError struct {
	// Path leads to the field, as keys and indexes.
	Path []any
	Err  error
}

// Error is "spec.rules[1].id: unknown rule ...".
func (e *FieldError) Error() string { return e.Field() + ": " + e.Err.Error() }

// Field is the path as people write it: spec.rules[1].id.
func (e *FieldError) Field() string { return fieldpath.String(e.Path) }

// Unwrap returns the cause.
func (e *FieldError) Unwrap() error { return e.Err }

func lastKey(path []any) string {
	if len(path) == 0 {
		return ""
	}
	return fmt.Sprint(path[len(path)-1])
}

// Mistakes takes joined errors apart, in their order.
func Mistakes(err error) (all []error) {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	for _, each := range joined.Unwrap() {
		all = append(all, Mistakes(each)...)
	}
	return all
}
