package engine

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/stateward/stateward/policies"
)

// Decision is what Decide answers.
type Decision struct {
	// Allowed is false where at least one finding has level deny.
	Allowed bool `json:"allowed"`
	// Exempt is the reason why the request was allowed without evaluation; it is empty for others.
	Exempt string `json:"exempt,omitempty"`
	// Findings are sorted, denials first.
	Findings []Finding `json:"findings,omitempty"`
	// Patches are the JSON Patch (RFC 6902) operations of the mutations, in the order to apply them.
	Patches []Patch `json:"patches,omitempty"`
	// Undecided are rules that read what the inventory does not know, and may have stayed silent for that.
	Undecided []Undecided `json:"undecided,omitempty"`
	// Library and Guardrails are the revisions that decided.
	Library    string `json:"library"`
	Guardrails string `json:"guardrails"`
}

// DeniedBy lists the rules behind a denial, each once.
func (v Decision) DeniedBy() (rules []string) {
	for _, finding := range v.Findings {
		if finding.Level == policies.Deny && !slices.Contains(rules, finding.Rule) {
			rules = append(rules, finding.Rule)
		}
	}
	return rules
}

// Finding is one thing that a rule found or a mutation did.
type Finding struct {
	Rule  string         `json:"rule"`
	Level policies.Level `json:"level"`
	// Message is complete: "[rule] field: what is wrong. Fix: what to do."
	Message string `json:"msg"`
	// Path leads to the field, as keys and indexes; Field is the same as people write it.
	Path  []any  `json:"path"`
	Field string `json:"field"`
	What  string `json:"what"`
	Fix   string `json:"fix"`
	// Object is what the finding is about.
	Object ObjectReference `json:"object"`
	// Others are further objects that the finding is about.
	Others []ObjectReference `json:"others,omitempty"`
	// Existing: the request left alone what is wrong. Confirmed: a person has confirmed it. Either turns a denial into
	// a warning.
	Existing  bool `json:"existing,omitempty"`
	Confirmed bool `json:"confirmed,omitempty"`
	// Exception of the Guardrails that let it through; the finding is then recorded only.
	Exception *ExceptionUse `json:"exception,omitempty"`
	// Confirmation is the one that was used; nil if Confirmed is false.
	Confirmation *Confirmation `json:"confirmation,omitempty"`
	// Patch is what a mutation changes.
	Patch []Patch `json:"patch,omitempty"`
}

// Confirmation is what a person confirmed a guarded operation with.
type Confirmation struct {
	// Namespace and Name are those of the Confirmation object; empty for annotations.
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	// By is who, as Stateward recorded it; Until is RFC 3339; Reason may be empty.
	By     string `json:"by"`
	Until  string `json:"until"`
	Reason string `json:"reason,omitempty"`
	// Unnamed reports that the annotations name no rules, which is deprecated.
	Unnamed bool `json:"unnamed,omitempty"`
}

// ObjectReference names an object.
type ObjectReference struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// ExceptionUse names the exception that let something through.
type ExceptionUse struct {
	Reason  string `json:"reason"`
	Owner   string `json:"owner"`
	Expires string `json:"expires"`
}

// Patch is one operation of a JSON Patch (RFC 6902).
type Patch struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value,omitempty"`
}

// Undecided names a rule and a resource that it reads and the inventory does not know.
type Undecided struct {
	Rule     string `json:"rule"`
	Resource string `json:"resource"`
}

// sortFindings orders findings by level, rule, object and message, so that equal requests read equal.
func sortFindings(findings []Finding) {
	order := []policies.Level{policies.Deny, policies.Warn, policies.Event, policies.Audit}
	rank := func(level policies.Level) int { return slices.Index(order, level) }
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(rank(a.Level), rank(b.Level)),
			cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Object.Namespace, b.Object.Namespace),
			cmp.Compare(a.Object.Name, b.Object.Name),
			cmp.Compare(a.Message, b.Message),
			cmp.Compare(a.Object.Kind, b.Object.Kind),
		)
	})
}
