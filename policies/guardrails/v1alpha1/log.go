package v1alpha1

import (
	"fmt"
	"slices"

	"github.com/stateward/stateward/policies/fieldpath"
)

// LogMode says which decisions are recorded.
type LogMode string

// The modes of a decision log.
const (
	LogOff    LogMode = "Off"
	LogDenied LogMode = "Denied"
	LogAll    LogMode = "All"
)

// DecisionLog configures the records of decisions, which `stateward replay` reads.
type DecisionLog struct {
	// Mode is Off, Denied (requests that were denied or could not be evaluated) or All. Write "Off" with quotes: to YAML, a bare
	// Off is false.
	// +kubebuilder:validation:Enum=Off;Denied;All
	Mode LogMode `json:"mode,omitempty"`
	// Masks are fields whose values are not recorded, as paths in any object, such as
	// spec.template.spec.containers[*].env[*].value or metadata.annotations["example.com/token"].
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MaxLength=500
	// +listType=set
	Masks []string `json:"masks,omitempty"`
	// AllowedPercent is the share of allowed requests that mode All records; absent means all of them.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	AllowedPercent int32 `json:"allowedPercent,omitempty"`
}

// Log is how decisions are recorded, with all that is not set filled in.
func (g *Guardrails) Log() DecisionLog {
	var log DecisionLog
	if g != nil && g.Spec.DecisionLog != nil {
		log = *g.Spec.DecisionLog
	}
	if log.Mode == "" {
		log.Mode = LogOff
	}
	if log.AllowedPercent == 0 {
		log.AllowedPercent = 100
	}
	return log
}

// Patterns are the masks; those that cannot be read were refused before.
func (l DecisionLog) Patterns() (patterns []fieldpath.Pattern) {
	for _, mask := range l.Masks {
		if pattern, err := fieldpath.ParsePattern(mask); err == nil {
			patterns = append(patterns, pattern)
		}
	}
	return patterns
}

func (l *DecisionLog) check(found *mistakes, path ...any) {
	if l == nil {
		return
	}
	if modes := []LogMode{LogOff, LogDenied, LogAll}; l.Mode != "" && !slices.Contains(modes, l.Mode) {
		found.add(fmt.Errorf("unknown mode %q: use one of %v", l.Mode, modes), append(path, "mode")...)
	}
	for index, mask := range l.Masks {
		pattern, err := fieldpath.ParsePattern(mask)
		if err == nil && namesTheObject(pattern) {
			err = fmt.Errorf("%q cannot be masked: a record finds its objects by apiVersion, kind, namespace and name", mask)
		}
		found.add(err, append(path, "masks", index)...)
	}
	if l.AllowedPercent < 0 || l.AllowedPercent > 100 {
		found.add(fmt.Errorf("%d is not a percentage from 1 to 100", l.AllowedPercent), append(path, "allowedPercent")...)
	}
}

// namesTheObject reports whether a pattern takes away what an object is found by.
func namesTheObject(pattern fieldpath.Pattern) bool {
	for _, path := range [][]any{{"apiVersion"}, {"kind"}, {"metadata", "namespace"}, {"metadata", "name"}} {
		if pattern.Matches(path) {
			return true
		}
	}
	return false
}
