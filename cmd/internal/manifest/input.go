package manifest

import "slices"

// Input is what was read.
type Input struct {
	Documents []Document
	// LeftOut lists, in the order of the paths, what is there and was not taken for a manifest.
	LeftOut []LeftOut
	// Warnings are faults in documents of kinds that no rule reads.
	Warnings []Error
}

// LeftOut is a file, a folder or a document that was not taken for a manifest.
type LeftOut struct {
	Position
	Reason Reason
	// Detail is one sentence for a person, where the reason alone does not say what to do.
	Detail string
}

// Reason says why something was left out.
type Reason string

// Reasons. Each can be read after a number, as in "3 patches".
const (
	// NotKubernetes is a document without apiVersion and kind.
	NotKubernetes Reason = "not Kubernetes"
	// Kustomization is a file that kustomize builds from.
	Kustomization Reason = "kustomization"
	// Chart is the folder of a Helm chart.
	Chart Reason = "Helm chart"
	// ChartFile is a template elsewhere in a chart, which Helm reads.
	ChartFile Reason = "file of a Helm chart"
	// Patch changes other objects and is none.
	Patch Reason = "patch"
	// Part is a StatefulSet without all that makes one: no kustomization here names it, and it may well be a patch.
	Part Reason = "part of a StatefulSet"
	// Template has to be rendered first.
	Template Reason = "unrendered template"
	// Excluded was named by --exclude or a .statewardignore file.
	Excluded Reason = "excluded"
	// Hidden has a name that walks leave out by default.
	Hidden Reason = "hidden or vendored"
	// Link is a symbolic link that is not followed.
	Link Reason = "link"
	// Special is not a regular file.
	Special Reason = "special file"
)

// IsNote reports whether a person has to read of each one: it may hold a manifest that was not read.
func (r Reason) IsNote() bool {
	return slices.Contains([]Reason{Chart, Part, Template, Link, Special}, r)
}

func (i *Input) leaveOut(at Position, reason Reason, detail string) {
	i.LeftOut = append(i.LeftOut, LeftOut{Position: at, Reason: reason, Detail: detail})
}

// add appends another input.
func (i *Input) add(other Input) {
	i.Documents = append(i.Documents, other.Documents...)
	i.LeftOut = append(i.LeftOut, other.LeftOut...)
	i.Warnings = append(i.Warnings, other.Warnings...)
}
