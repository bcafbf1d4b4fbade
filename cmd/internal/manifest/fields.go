package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	kjson "sigs.k8s.io/json"

	"github.com/stateward/stateward/cmd/internal/apirules"
	"github.com/stateward/stateward/cmd/internal/manifest/yamlpos"
	"github.com/stateward/stateward/policies/fieldpath"
)

// readTyped reads the document into Kubernetes' own type, as an API server does. A document that has its types is marked
// as typed, and null in it becomes what the API server takes it for. The other result are the fields that the type does
// not have. Kinds that are not Kubernetes' own are left alone.
func (d *Document) readTyped() (unknown []yamlpos.Fault) {
	typed, err := scheme.Scheme.New(schema.FromAPIVersionAndKind(d.APIVersion, d.Kind))
	if err != nil || d.IsAdmissionReview() {
		return nil
	}
	// What is of the wrong type ends the decoding, and what is said of the fields before it stays true.
	strict, err := kjson.UnmarshalStrict(d.Raw, typed, kjson.DisallowUnknownFields)
	d.Typed, d.refusal = err == nil, err
	if d.Typed {
		// It is read here anyway: reading it once more for the rules of API servers takes as long again.
		d.invalid = apirules.Refusals(typed)
	}
	if d.Typed && hasNull(d.Raw) {
		d.withoutNulls(typed)
	}
	for _, each := range strict {
		var found kjson.FieldError
		if !errors.As(each, &found) {
			continue
		}
		// Where a key with a dot came apart, the place is that of the longest part that is found.
		at, _ := d.outline.Find(fieldpath.Parse(found.FieldPath()))
		unknown = append(unknown, yamlpos.FaultAt(at, "%s: %s has no such field", found.FieldPath(), d.Kind))
	}
	return unknown
}

// usualNull is what Kubernetes' own tools write.
var usualNull = regexp.MustCompile(`"creationTimestamp"\s*:\s*null`)

func hasNull(raw []byte) bool {
	nulls := bytes.Count(raw, []byte("null"))
	return nulls > 0 && nulls > len(usualNull.FindAll(raw, -1))
}

// withoutNulls writes the document as an API server read it.
func (d *Document) withoutNulls(typed runtime.Object) {
	if raw, err := json.Marshal(typed); err == nil {
		d.Raw = raw
	}
}

// Invalid is what an API server refuses of a document that it can read.
func (d Document) Invalid() apirules.Errors { return d.invalid }
