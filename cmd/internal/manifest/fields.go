package manifest

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	kjson "sigs.k8s.io/json"

	"github.com/stateward/stateward/policies/fieldpath"
)

// UnknownFields returns, with their places, the fields of the documents that Kubernetes' own types do not have, as the
// API server tells kubectl, which refuses to apply them: of documents that were read with Options.Validate. Kinds that
// are not Kubernetes' own are left alone.
func UnknownFields(documents []Document) error {
	var found []Error
	for _, document := range documents {
		found = append(found, Errors(document.unknown)...)
	}
	return join(found)
}

// unknownFields reads the document into Kubernetes' own type. A field of the wrong type is a rule's business; a document
// without one is marked as typed.
func (d *Document) unknownFields() (errs []Error) {
	typed, err := scheme.Scheme.New(schema.FromAPIVersionAndKind(d.APIVersion, d.Kind))
	if runtime.IsNotRegisteredError(err) || d.IsAdmissionReview() {
		return nil
	}
	if err != nil {
		return []Error{{Position: d.Position(nil), Err: err}}
	}
	// What is of the wrong type ends the decoding, and what is said of the fields before it stays true.
	unknown, err := kjson.UnmarshalStrict(d.Raw, typed, kjson.DisallowUnknownFields)
	d.Typed = err == nil
	for _, each := range unknown {
		var field kjson.FieldError
		if !errors.As(each, &field) {
			continue
		}
		// Where a key with a dot came apart, the place is that of the longest part that is found.
		path := fieldpath.Parse(field.FieldPath())
		errs = append(errs, Error{Position: d.Position(path), Err: fmt.Errorf("%s: %s has no such field", field.FieldPath(), d.Kind)})
	}
	return errs
}
