package v1alpha1

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
)

const (
	// GuardrailsName is the name of the one Guardrails object that a cluster may have.
	GuardrailsName = "stateward"

	// GuardrailsAPIVersion is its API version.
	GuardrailsAPIVersion = policies.Group + "/" + policies.Version
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
// +kubebuilder:validation:XValidation:rule="self.metadata.name == 'stateward'",message="name the Guardrails object stateward: a cluster has only one"
type Guardrails struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec GuardrailsSpec `json:"spec"`
	// Status is the observed state. Stateward writes it.
	Status *GuardrailsStatus `json:"status,omitempty"`
}

// GuardrailsList is a list of them.
//
// +kubebuilder:object:root=true
type GuardrailsList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Guardrails `json:"items"`
}

// GuardrailsSpec configures the rules.
type GuardrailsSpec struct {
	// Profile sets the level of every rule that has no action in rules.
	// +kubebuilder:validation:Enum=baseline;strict
	// +kubebuilder:default=baseline
	Profile string `json:"profile,omitempty"`
	// Match limits all rules to the objects that it selects; absent means every object.
	Match *Match `json:"match,omitempty"`
	// FourEyes requires that one user confirms an operation and another user performs it. A service account cannot confirm.
	FourEyes bool `json:"fourEyes,omitempty"`
	// Include names fragments, the settings for known operators and other programs: argo-cd, eck, flux, keda, prometheus,
	// rabbitmq, velero or zalando-postgres. What these Guardrails say themselves wins over a fragment;
	// `stateward guardrails render` prints the result.
	// +listType=set
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:items:MaxLength=63
	Include []string `json:"include,omitempty"`
	// Actors name lists of subjects, for use in match, actions, automation and promoters.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=50
	Actors []Actor `json:"actors,omitempty"`
	// Automation are names from spec.actors that count as automation, as service accounts do: a pipeline that signs in as a user.
	// Kubernetes' own controllers and nodes never do.
	// +listType=set
	// +kubebuilder:validation:MaxItems=50
	Automation []string `json:"automation,omitempty"`
	// Promoters are names from spec.actors: service accounts that may lower a partition which the mutation auto-canary or
	// rollout-hold holds, as people may.
	// +listType=set
	// +kubebuilder:validation:MaxItems=50
	Promoters []string `json:"promoters,omitempty"`
	// RolloutGroups are StatefulSets, in one or more namespaces, of which only one at a time may roll. In one namespace the
	// label stateward.dev/rollout-group is enough.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=50
	RolloutGroups []RolloutGroup `json:"rolloutGroups,omitempty"`
	// Parents are custom resources that own StatefulSets, beside those of well-known operators. The rule owner-delete judges
	// their deletions once the API server sends them: `stateward rules registration --config` prints what to apply, or
	// spec.registration.manage lets Stateward add it.
	// +listType=map
	// +listMapKey=group
	// +listMapKey=kind
	// +kubebuilder:validation:MaxItems=100
	Parents []Parent `json:"parents,omitempty"`
	// Registration sets what Stateward does with its own webhook configurations.
	Registration *Registration `json:"registration,omitempty"`
	// Advice sets where warnings go, by who sends the request.
	Advice *Advice `json:"advice,omitempty"`
	// Rules configures single rules.
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=200
	Rules []RuleSetting `json:"rules,omitempty"`
	// Exceptions exempt selected objects from selected rules until a date.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=200
	Exceptions []Exception `json:"exceptions,omitempty"`
	// Forecast adds to decisions what a request does to pods, claims and volumes. "Off" adds nothing; write it with quotes: to YAML,
	// a bare Off is false. DryRun, which absent means,
	// warns clients that send a request with dry run. Always also writes the audit annotation forecast of every request.
	// +kubebuilder:validation:Enum=Off;DryRun;Always
	Forecast ForecastMode `json:"forecast,omitempty"`
	// DecisionLog records decisions, to be judged again by `stateward replay`; absent means Off.
	DecisionLog *DecisionLog `json:"decisionLog,omitempty"`
}

// Advice sets where warnings go, by who sends the request.
type Advice struct {
	// Automation is where warnings go if automation sends the request: a service account, or an actor in spec.automation. Warn,
	// which absent means, returns them to it. Event writes an Event about the object, in its namespace, where people look; a
	// dry run writes none. Audit only records them in the audit annotation, as the others do too. Kubernetes' own controllers
	// always get warnings.
	// +kubebuilder:validation:Enum=warn;event;audit
	Automation string `json:"automation,omitempty"`
}

// RuleSetting configures one rule or mutation.
//
// +kubebuilder:object:generate=false
type RuleSetting struct {
	// ID is the id of the rule; `stateward rules` lists all ids.
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MaxLength=63
	ID string `json:"id"`
	// Action is deny, warn, audit (only recorded) or off. If empty, the profile decides.
	// +kubebuilder:validation:Enum=deny;warn;audit;off
	Action policies.Level `json:"action,omitempty"`
	// Actions are levels for single actors, or for automation: all service accounts but Kubernetes' own controllers, and the actors
	// in spec.automation.
	// +kubebuilder:validation:MaxProperties=50
	Actions map[string]policies.Level `json:"actions,omitempty"`
	// Match limits this rule to the objects that it selects, in addition to spec.match.
	Match *Match `json:"match,omitempty"`
	// Params sets the rule's parameters by name; `stateward rules explain` describes them.
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	Params map[string]any `json:"params,omitempty"`
}

// Match selects objects that meet all of its conditions. In a pattern, `*` matches any characters.
//
// +kubebuilder:validation:MinProperties=1
type Match struct {
	// Namespaces are patterns; the object's namespace must match one. A Namespace object matches by its own name.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:Pattern=`^[-a-z0-9*]+$`
	// +kubebuilder:validation:items:MaxLength=63
	Namespaces []string `json:"namespaces,omitempty"`
	// ExcludedNamespaces are patterns; the object's namespace must match none.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:Pattern=`^[-a-z0-9*]+$`
	// +kubebuilder:validation:items:MaxLength=63
	ExcludedNamespaces []string `json:"excludedNamespaces,omitempty"`
	// Names are patterns; the object's name must match one.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:Pattern=`^[-.a-z0-9*]+$`
	// +kubebuilder:validation:items:MaxLength=253
	Names []string `json:"names,omitempty"`
	// NamespaceSelector selects by the labels of the namespace. If they are unknown, as in CI, it selects everything.
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector,omitempty"`
	// LabelSelector selects by the labels of the object, or of the StatefulSet that is scaled.
	LabelSelector *metav1.LabelSelector `json:"labelSelector,omitempty"`
	// Subjects are users, groups and service accounts; one of them must send the request. In CI the user is unknown: every
	// rule stays in force, and no exception with subjects applies.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +listType=atomic
	Subjects []Subject `json:"subjects,omitempty"`
	// Actors are names from spec.actors; a subject of one of them must send the request.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	Actors []string `json:"actors,omitempty"`
	// ExcludedActors are names from spec.actors; no subject of them may send the request.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	ExcludedActors []string `json:"excludedActors,omitempty"`
	// OwnedBy selects objects by their controller, as stored.
	OwnedBy *Owner `json:"ownedBy,omitempty"`
}

// Exception exempts what it matches from some rules; their findings are only recorded.
//
// +kubebuilder:validation:XValidation:rule="has(self.match.namespaces) || has(self.match.names) || has(self.match.namespaceSelector) || has(self.match.labelSelector) || has(self.match.subjects) || has(self.match.actors) || has(self.match.ownedBy)",message="must select something: set namespaces, names, namespaceSelector, labelSelector, subjects, actors or ownedBy",fieldPath=".match"
type Exception struct {
	// Rules are the ids of the rules that do not apply.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MaxLength=63
	// +listType=set
	Rules []string `json:"rules"`
	// Match selects the exempt objects.
	Match Match `json:"match"`
	// Reason explains the exception to its future readers.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=500
	Reason string `json:"reason"`
	// Owner is the contact for this exception.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	Owner string `json:"owner"`
	// Expires is when the exception ends, in RFC 3339. If the time is unknown, as in conftest, the
	// findings are warnings as long as the exception exists.
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:MaxLength=40
	Expires string `json:"expires"`
}

// GuardrailsStatus is the observed state of the Guardrails.
type GuardrailsStatus struct {
	// ObservedGeneration is the generation that the conditions describe.
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// Revision identifies the active Guardrails in decisions, logs and metrics; after an error, the last valid ones.
	Revision string `json:"revision,omitempty"`
	// Conditions include Ready. It is False, with the reason, if these Guardrails are not active.
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

// Off is the set of rules whose findings are not reported.
func (g *Guardrails) Off(library *policies.Library) map[string]bool {
	off := map[string]bool{}
	for _, rule := range library.All() {
		off[rule.ID] = g.Level(rule) == policies.Off && !g.hasActions(rule)
	}
	return off
}

// hasActions reports whether some actors have a level of their own.
func (g *Guardrails) hasActions(rule policies.Rule) bool {
	return g != nil && slices.ContainsFunc(g.Spec.Rules, func(setting RuleSetting) bool {
		return rule.Called(setting.ID) && len(setting.Actions) > 0
	})
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

// Action is the action that is set for a rule, whether it is of the library or one that only a check applies.
func (g *Guardrails) Action(id string) (level policies.Level, found bool) {
	if g == nil {
		return "", false
	}
	for _, setting := range g.Spec.Rules {
		if setting.ID == id && setting.Action != "" {
			return setting.Action, true
		}
	}
	return "", false
}

// Reads lists, sorted, what the rules that are not off read, and the namespaces where something is selected by their
// labels; without the rules that are left out.
func (g *Guardrails) Reads(library *policies.Library, without func(policies.Rule) bool) []string {
	reads := map[string]bool{}
	for _, rule := range library.All() {
		if without(rule) {
			continue
		}
		for _, resource := range rule.LooksUp() {
			reads[resource] = reads[resource] || g.Level(rule) != policies.Off || g.hasActions(rule)
		}
	}
	for _, match := range g.matches() {
		reads["namespaces"] = reads["namespaces"] || match.NamespaceSelector != nil
	}
	maps.DeleteFunc(reads, func(_ string, wanted bool) bool { return !wanted })
	return slices.Sorted(maps.Keys(reads))
}

// matches lists every Match of the Guardrails.
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
