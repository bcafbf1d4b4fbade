// Package manifest reads Kubernetes manifests the way kubectl does and keeps
// the line and column of every field.
//
// Splitting into documents, YAML 1.1 values and the expansion of lists equal
// kubectl's, so that what is checked is what would be applied. Where kubectl
// silently drops content (duplicate keys, text after a document end marker,
// bytes that are not UTF-8) this package reports an error instead.
package manifest

import (
	"encoding/json"
	"io"

	"github.com/stateward/stateward/cmd/internal/apirules"
	"github.com/stateward/stateward/cmd/internal/manifest/yamlpos"
)

const (
	// DefaultMaxBytes is far above what an API server accepts for one object,
	// since one file often holds the objects of a whole release.
	DefaultMaxBytes = 32 << 20

	// DefaultMaxDepth is about four times the nesting of the deepest custom
	// resource definitions in use.
	DefaultMaxDepth = 100

	// DefaultMaxFiles is ten times the files of a large repository.
	DefaultMaxFiles = 200_000

	// DefaultMaxTotalBytes leaves room for 100,000 objects of 10 KB.
	DefaultMaxTotalBytes = 1 << 30
)

// Validation says how to treat fields that Kubernetes does not have, and duplicate keys, of which kubectl takes the
// last.
type Validation int

// Validations.
const (
	// ValidateKeys reports keys that are set twice, and nothing else.
	ValidateKeys Validation = iota
	// ValidateStrict reports errors; in kinds that no rule reads, warnings.
	ValidateStrict
	// ValidateWarn reports warnings.
	ValidateWarn
	// ValidateIgnore reports nothing.
	ValidateIgnore
)

// Options are the limits and the standard input of a read. The zero value is
// ready to use as long as no path is "-".
type Options struct {
	// Stdin is read for the path "-".
	Stdin io.Reader

	// MaxBytes is the largest accepted file, and the largest text the YAML
	// aliases of one document may expand to. 0 means DefaultMaxBytes.
	MaxBytes int64

	// MaxDepth is how deep objects and lists may be nested in one document.
	// 0 means DefaultMaxDepth.
	MaxDepth int

	// MaxFiles is how many files and folders one walk may meet. 0 means DefaultMaxFiles.
	MaxFiles int

	// MaxTotalBytes is how large all files of one read may be together. 0 means DefaultMaxTotalBytes.
	MaxTotalBytes int64
	// TotalFlag is the flag that raises MaxTotalBytes; "" is --max-total-size.
	TotalFlag string

	// Exclude are patterns, in the syntax of .gitignore, of what walks leave out.
	Exclude []string

	// SkipBuilt leaves out what a kustomization names as a resource, since that is built and read apart.
	SkipBuilt bool

	// Offline keeps kustomize from fetching what lies on other servers.
	Offline bool

	// Validate reports fields that Kubernetes' own types do not have, and keys that are set twice.
	Validate Validation

	// Reads, where there is one, reports whether a rule reads objects of a kind. Faults in others are warnings.
	Reads func(kind string) bool

	// Needs, where there is one, says how much of a document is needed once that has been read; else all of it is.
	// It is called several times at once.
	Needs func(Document) Need

	// AllowEmpty accepts folders without a manifest.
	AllowEmpty bool

	// Progress, if set, is called with the number of files read, and of all.
	Progress func(done, total int)

	// lenient says that what is read need not be a manifest.
	lenient bool
}

func (o Options) withDefaults() Options {
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.MaxDepth <= 0 {
		o.MaxDepth = DefaultMaxDepth
	}
	if o.MaxFiles <= 0 {
		o.MaxFiles = DefaultMaxFiles
	}
	if o.MaxTotalBytes <= 0 {
		o.MaxTotalBytes = DefaultMaxTotalBytes
	}
	return o
}

// Document is one Kubernetes object together with where it was found.
type Document struct {
	// File is the path as it was given, or "-" for standard input.
	File string

	// Index numbers the documents of one file from 1 upwards. Every item of an
	// expanded list counts, blank documents do not.
	Index int

	// Raw is the object as JSON, or nil where Options.Needs asks for its identity only.
	Raw json.RawMessage

	APIVersion string
	Kind       string
	Namespace  string
	Name       string

	// Typed says that the object could be read into Kubernetes' own type.
	Typed bool

	outline yamlpos.Outline
	source  *fileText
	// refusal is why it could not.
	refusal error
	// invalid is what an API server refuses of it all the same.
	invalid apirules.Errors
}

// IsAdmissionReview reports whether the document is a recorded admission request
// rather than an object to apply.
func (d Document) IsAdmissionReview() bool {
	return d.Kind == "AdmissionReview" && d.APIVersion == "admission.k8s.io/v1"
}

// Position returns where the field at path is written: the key of a mapping
// entry, the first character of a list item. Elements of path are strings for
// keys and int, int64, float64 or json.Number for indexes. When the field does
// not exist, the result is the position of the longest part of path that does,
// so a missing spec.serviceName is reported at "spec:".
func (d Document) Position(path []any) Position {
	found, _ := d.outline.Find(path)
	return at(d.File, found)
}

// Line returns a line of the document without its end, counted from 1 as in the
// file. It is empty when the document has no such line.
func (d Document) Line(number int) string {
	if d.source == nil {
		return ""
	}
	return d.source.line(number)
}
