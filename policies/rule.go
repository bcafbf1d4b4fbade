package policies

import (
	"slices"
	"strings"
)

// Kind says what a catalogue entry does.
type Kind string

const (
	// Validating entries find what is wrong.
	Validating Kind = "rule"
	// Mutating entries change what is admitted.
	Mutating Kind = "mutation"
)

// Level is what becomes of a finding.
type Level string

// Levels, the strictest first.
const (
	Deny  Level = "deny"
	Warn  Level = "warn"
	Audit Level = "audit"
	Off   Level = "off"
	// Event is a warning in an Event about the object; Guardrails set it for an actor, not for a rule.
	Event Level = "event"
)

// Levels lists every level that Guardrails may give a rule.
func Levels() []Level { return []Level{Deny, Warn, Audit, Off} }

// Profiles lists the profiles that a rule may have a level of its own in.
func Profiles() []string { return []string{"baseline", "strict"} }

// Change is what a request must do for a rule to check it. Where a rule waits for one, an API server asks about no other
// request.
type Change string

const (
	// Metadata are the annotations of a confirmation and the labels of protection: a request sets, changes or removes one.
	Metadata Change = "metadata"
	// Owners are those of the object: a request adds one.
	Owners Change = "ownerReferences"
	// Finalizers are those by which Kubernetes protects volumes and claims in use: a request removes one.
	Finalizers Change = "finalizers"
	// ReclaimPolicy is that of a volume: a request changes it.
	ReclaimPolicy Change = "reclaimPolicy"
	// ClaimRef is the claim that a volume is bound to: a request changes or removes it.
	ClaimRef Change = "claimRef"
	// Images are those of a StatefulSet's pod: a request changes one.
	Images Change = "images"
	// Labels are those of a StatefulSet's pod: a request changes or removes one.
	Labels Change = "labels"
	// Grace is the grace period of an eviction: it is 0, or left to the pod.
	Grace Change = "grace"
	// Selection are the labels by which Guardrails may select an object, or all of a namespace: a request changes one.
	Selection Change = "selection"
	// FourEyes are those of Guardrails: a request is about Guardrails that have them on.
	FourEyes Change = "fourEyes"
	// Members are the pods of StatefulSets: a request deletes or evicts one, and not by a program of Kubernetes.
	Members Change = "members"
	// Nodes are those of the cluster: a request deletes one, and not by a program.
	Nodes Change = "nodes"
	// Attachments are those of volumes to nodes: a request deletes one, and not by a program.
	Attachments Change = "attachments"
	// Snapshots are those of volumes, and their contents: a request deletes one, or changes the deletion policy of a content.
	Snapshots Change = "snapshots"
	// References are the objects that StatefulSets name: a request deletes one, and not by a program of Kubernetes.
	References Change = "references"
)

// Changes lists all that a rule may wait for.
func Changes() []Change {
	return []Change{Metadata, Owners, Finalizers, ReclaimPolicy, ClaimRef, Images, Labels, Grace, Selection, FourEyes, Members, Nodes, Attachments, Snapshots, References}
}

// Rule is one rule or mutation as its METADATA describes it.
type Rule struct {
	// ID is the folder's name, for ever.
	ID string `json:"id"`
	// Kind is rule or mutation.
	Kind Kind `json:"kind"`
	// Category is the folder above a rule; a mutation has none.
	Category string `json:"category,omitempty"`
	// Title is one line, Description a paragraph in Markdown.
	Title       string `json:"title"`
	Description string `json:"description"`
	// Severity is the level in profile baseline, Profile the levels in other profiles where they differ.
	Severity Level            `json:"severity"`
	Profile  map[string]Level `json:"profile,omitempty"`
	// Confirm says that a confirmation lets through what the rule would deny.
	Confirm bool `json:"confirm,omitempty"`
	// DataLoss says that what the rule would deny can lose data: a confirmation by annotations must name the rule.
	DataLoss bool `json:"dataLoss,omitempty"`
	// On maps a resource, as "statefulsets" or "statefulsets/scale", to the operations that the rule checks.
	On map[string][]string `json:"on"`
	// When maps resources of On to what a request must change for the rule to check it. The rule has nothing to say about
	// any other request, and is not called.
	When map[string]Change `json:"when,omitempty"`
	// Changes maps resources of On to the fields, as "spec.template", that the rule checks a change of: it has nothing new to
	// say of an UPDATE that leaves all of them as they are, and is not called. Without an entry it evaluates what an UPDATE
	// leaves alone too.
	Changes map[string][]string `json:"changes,omitempty"`
	// OptIn says that an API server asks about requests for this rule only where a registration names it.
	OptIn bool `json:"optIn,omitempty"`
	// Untyped says that the rule asks for nothing but the types of fields: it has nothing to say of what an API server sends,
	// nor of a manifest that was read into Kubernetes' own types, and is not called.
	Untyped bool `json:"untyped,omitempty"`
	// Reads lists the resources of the inventory that the rule may look at.
	Reads []string `json:"reads,omitempty"`
	// Params are what Guardrails may set, by name.
	Params map[string]Param `json:"params,omitempty"`
	// Fix is the way out, Since the release that brought the rule, Aliases its former ids.
	Fix     string   `json:"fix"`
	Since   string   `json:"since"`
	Aliases []string `json:"aliases,omitempty"`
	// Notices says that the rule has a `notice` beside its `report`: the API server itself refuses what it denies,
	// after the mutating webhooks and before the validating ones, so only the mutating phase can add a warning.
	Notices bool `json:"notices,omitempty"`
	// CEL is the part of the rule that the API server can check itself, nil for none.
	CEL *CEL `json:"cel,omitempty"`
	// References are places to read on.
	References []string `json:"references,omitempty"`
	// File is the rule's source, relative to the library.
	File string `json:"file"`
	// Line is where its metadata end, and its package begins.
	Line int `json:"-"`
	// Package is where Rego finds it, as `data.stateward.rules.rollout["partition-range"]`.
	Package string `json:"-"`
	// Custom says that it is a user's own.
	Custom bool `json:"custom,omitempty"`
}

// Param describes one parameter of a rule.
type Param struct {
	// Type is a JSON type: string, integer, boolean, array (of strings) or object (of arrays, or with Fields); or duration, a
	// string such as 24h.
	Type string `json:"type"`
	// Fields are the only keys that an object may have, each as a parameter of its own without a default.
	Fields map[string]Param `json:"fields,omitempty"`
	// Enum lists the values that a string may have.
	Enum []string `json:"enum,omitempty"`
	// Default is the value unless Guardrails set one.
	Default any `json:"default,omitempty"`
	// Description is one line.
	Description string `json:"description"`
}

// Operations of requests. An API server sends the first three.
const (
	Create = "CREATE"
	Update = "UPDATE"
	Delete = "DELETE"
	// Inspect is the operation of an audit: it looks at an object that is stored, and changes nothing.
	Inspect = "AUDIT"
)

// AppliesTo reports whether the rule must be asked about this operation on a resource ("statefulsets/scale"). A manifest
// that is not applied yet counts as CREATE, and so does a stored object beside its audit.
func (r Rule) AppliesTo(resource, operation string) bool {
	evaluated := r.On[resource]
	return slices.Contains(evaluated, operation) || operation == Inspect && slices.Contains(evaluated, Create)
}

// OnlyInspects reports whether the rule is about stored objects alone, so that no request needs it.
func (r Rule) OnlyInspects() bool {
	for _, operations := range r.On {
		if slices.ContainsFunc(operations, func(operation string) bool { return operation != Inspect }) {
			return false
		}
	}
	return len(r.On) > 0
}

// LooksUp lists the resources that are looked up where the rule checks: what it reads, and the Confirmations that may let
// through what it denies.
func (r Rule) LooksUp() []string {
	if !r.Confirm {
		return r.Reads
	}
	return append(slices.Clone(r.Reads), Confirmations)
}

// Called reports whether this is the rule's id, or was before it was renamed.
func (r Rule) Called(id string) bool { return r.ID == id || slices.Contains(r.Aliases, id) }

// Dir is the rule's folder, relative to the library.
func (r Rule) Dir() string { return r.File[:strings.LastIndex(r.File, "/")] }
