package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
)

const (
	// GuardrailsName is the name of the one Guardrails object that a cluster may have.
	GuardrailsName = "stateward"

	// GuardrailsAPIVersion is its API version.
	GuardrailsAPIVersion = "stateward.dev/v1alpha1"
	// GuardrailsKind is its kind.
	GuardrailsKind = "Guardrails"
)

// Guardrails configure the rules. The same file serves as an object in the cluster, as `--config` and as conftest's
// `--data`.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=guardrails,singular=guardrails,scope=Cluster
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Profile",type=string,JSONPath=`.spec.profile`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Revision",type=string,JSONPath=`.status.revision`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name == 'stateward'",message="a cluster has one Guardrails object, named stateward"
type Guardrails struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec GuardrailsSpec `json:"spec"`
	// Status is written by Stateward and read by nobody but people.
	Status *GuardrailsStatus `json:"status,omitempty"`
}

// GuardrailsSpec is what is wanted of the rules.
type GuardrailsSpec struct {
	// Profile chooses the levels of all rules that rules does not name.
	// +kubebuilder:validation:Enum=baseline;strict
	// +kubebuilder:default=baseline
	Profile string `json:"profile,omitempty"`
	// Match is what all rules are about; absent means everything.
	Match *Match `json:"match,omitempty"`
	// FourEyes wants a confirmation to be somebody else's than the operation that it lets through.
	FourEyes bool `json:"fourEyes,omitempty"`
	// Rules sets single rules.
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=200
	Rules []RuleSetting `json:"rules,omitempty"`
	// Exceptions let single objects through single rules until a day.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=200
	Exceptions []Exception `json:"exceptions,omitempty"`
}

// RuleSetting sets one rule or mutation.
type RuleSetting struct {
	// ID is the rule's id, as `stateward rules` lists it.
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MaxLength=63
	ID string `json:"id"`
	// Action is deny, warn, audit (recorded only) or off; empty leaves it to the profile.
	// +kubebuilder:validation:Enum=deny;warn;audit;off
	Action policies.Level `json:"action,omitempty"`
	// Match is what this rule is about, within what all rules are about.
	Match *Match `json:"match,omitempty"`
	// Params are the rule's parameters by name, as `stateward rules explain` describes them.
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	Params map[string]any `json:"params,omitempty"`
}

// Match selects objects: all that it says must hold. A pattern is a name in which `*` stands for any characters.
//
// +kubebuilder:validation:MinProperties=1
type Match struct {
	// Namespaces are patterns, of which the object's namespace fits one. A Namespace counts as in itself.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:Pattern=`^[-a-z0-9*]+$`
	// +kubebuilder:validation:items:MaxLength=63
	Namespaces []string `json:"namespaces,omitempty"`
	// ExcludedNamespaces are patterns, of which the object's namespace fits none.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:Pattern=`^[-a-z0-9*]+$`
	// +kubebuilder:validation:items:MaxLength=63
	ExcludedNamespaces []string `json:"excludedNamespaces,omitempty"`
	// Names are patterns, of which the object's name fits one.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:Pattern=`^[-.a-z0-9*]+$`
	// +kubebuilder:validation:items:MaxLength=253
	Names []string `json:"names,omitempty"`
	// NamespaceSelector is about the labels of the namespace. Where those are not known, as in CI, it selects.
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector,omitempty"`
	// LabelSelector is about the labels of the object; of the StatefulSet, where that is scaled.
	LabelSelector *metav1.LabelSelector `json:"labelSelector,omitempty"`
}

// Exception lets what it matches through some rules; their findings are then recorded only.
//
// +kubebuilder:validation:XValidation:rule="has(self.match.namespaces) || has(self.match.names) || has(self.match.namespaceSelector) || has(self.match.labelSelector)",message="says what is not let through only: name what is",fieldPath=".match"
type Exception struct {
	// Rules are ids.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MaxLength=63
	// +listType=set
	Rules []string `json:"rules"`
	// Match is what is let through.
	Match Match `json:"match"`
	// Reason says why, for whoever reads this next year.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=500
	Reason string `json:"reason"`
	// Owner is whom to ask.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	Owner string `json:"owner"`
	// Expires is when the exception stops to count, as RFC 3339. Where nobody knows the time, as in conftest, the
	// findings are warnings until somebody removes the exception.
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:MaxLength=40
	Expires string `json:"expires"`
}

// GuardrailsStatus says what became of the Guardrails.
type GuardrailsStatus struct {
	// ObservedGeneration is the generation that the conditions are about.
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// Revision names the Guardrails in force, as verdicts, logs and metrics do; after a mistake, the last good ones.
	Revision string `json:"revision,omitempty"`
	// Conditions hold one of type Ready: False where these Guardrails are not in force, with the reason.
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Revision names these Guardrails by their content; it is "none" for nil.
func (g *Guardrails) Revision() string {
	if g == nil {
		return "none"
	}
	encoded, err := json.Marshal(g.Spec)
	if err != nil {
		return "unreadable"
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:6])
}

// off is the set of rules whose findings nobody will hear of.
func (g *Guardrails) off(library *policies.Library) map[string]bool {
	off := map[string]bool{}
	for _, rule := range library.All() {
		off[rule.ID] = g.Level(rule) == policies.Off
	}
	return off
}

// Level is what becomes of a rule's violations; the same as in policies/lib/config.rego, which decides.
func (g *Guardrails) Level(rule policies.Rule) policies.Level {
	profile := "baseline"
	if g != nil {
		profile = cmp.Or(g.Spec.Profile, profile)
		for _, setting := range g.Spec.Rules {
			if rule.Called(setting.ID) && setting.Action != "" {
				return setting.Action
			}
		}
	}
	return cmp.Or(rule.Profile[profile], rule.Severity)
}

// reads lists, sorted, what the rules that are not off read, and the namespaces where something is selected by their
// labels.
func (g *Guardrails) reads(library *policies.Library) []string {
	reads := map[string]bool{}
	for _, rule := range library.All() {
		for _, resource := range rule.Reads {
			reads[resource] = reads[resource] || g.Level(rule) != policies.Off
		}
	}
	for _, match := range g.matches() {
		reads["namespaces"] = reads["namespaces"] || match.NamespaceSelector != nil
	}
	maps.DeleteFunc(reads, func(_ string, wanted bool) bool { return !wanted })
	return slices.Sorted(maps.Keys(reads))
}

// matches lists every Match, wherever it stands.
func (g *Guardrails) matches() (matches []*Match) {
	if g == nil {
		return nil
	}
	matches = append(matches, g.Spec.Match)
	for index := range g.Spec.Rules {
		matches = append(matches, g.Spec.Rules[index].Match)
	}
	for index := range g.Spec.Exceptions {
		matches = append(matches, &g.Spec.Exceptions[index].Match)
	}
	return slices.DeleteFunc(matches, func(match *Match) bool { return match == nil })
}

// value is the object as Rego reads it, at the root of data.
func (g *Guardrails) value(library *policies.Library) (ast.Value, error) {
	if g == nil {
		return ast.NewObject(), nil
	}
	if err := g.check(library); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(Guardrails{TypeMeta: g.TypeMeta, Spec: g.Spec})
	if err != nil {
		return nil, fmt.Errorf("encode guardrails: %w", err)
	}
	return ParseObject(encoded)
}
