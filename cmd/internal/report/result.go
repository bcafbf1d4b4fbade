package report

import (
	"cmp"
	"slices"

	"github.com/stateward/stateward/cmd/internal/topology"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// Result is all that one check has to tell.
type Result struct {
	// Version is Stateward's own.
	Version string
	// Rules that took part: findings name them, and some formats explain them.
	Rules []policies.Rule
	// Documents are all that was read, in order, whatever became of them.
	Documents []Document
	// Findings are in the order of the documents, denials first within each.
	Findings []Finding
	// Undecided are the rules that could not see what they read, without repetition.
	Undecided []engine.Undecided
	// Unused are annotations that ask to ignore what was not found; each is a line for people.
	Unused []string
	// Problems are what is wrong with the input, in its order.
	Problems []Problem
	// LeftOut is what was not taken for a manifest.
	LeftOut []LeftOut
	// Changes are counted where a baseline was given, and nil elsewhere.
	Changes *Changes
	// Sets are the StatefulSets with their parts, empty if no format draws them.
	Sets []topology.Set
}

// Outcome is what became of a document.
type Outcome string

// Outcomes.
const (
	// Evaluated: at least one rule looked at it.
	Evaluated Outcome = "judged"
	// Skipped: no rule is about objects of its kind.
	Skipped Outcome = "skipped"
	// Failed: it could not be evaluated; nothing is known of it.
	Failed Outcome = "failed"
)

// Document is one document that was read.
type Document struct {
	engine.ObjectReference
	Position Position
	Outcome  Outcome
	// Error says why it failed.
	Error string
}

// Finding is a finding and its place.
type Finding struct {
	engine.Finding
	Position Position
	// Source is the line of the file at the position; empty where there is none to show.
	Source string
	// Document is the index of the document it was found in.
	Document int
	// Ignored is the reason in its manifest, if that ignores the rule.
	Ignored *Ignored
}

// Ignored is the part of an annotation stateward.dev/ignore that is about one rule.
type Ignored struct {
	Reason string `json:"reason"`
	// Counts says that the finding is only recorded for it.
	Counts bool `json:"counts"`
}

// Position is a place in a file, lines and columns from 1. Without a line it is the file as a whole.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	// Revision is that of the file, where it is not the one that is here: of a removed object.
	Revision string `json:"revision,omitempty"`
}

// here returns the position without a line if it is of another revision, which would mislead.
func (p Position) here() Position {
	if p.Revision != "" {
		return Position{File: p.File}
	}
	return p
}

// AddUndecided appends what is not there yet.
func (r *Result) AddUndecided(undecided []engine.Undecided) {
	for _, each := range undecided {
		if !slices.Contains(r.Undecided, each) {
			r.Undecided = append(r.Undecided, each)
		}
	}
}

// Add appends another result of the same rules.
func (r *Result) Add(other Result) {
	for _, finding := range other.Findings {
		finding.Document += len(r.Documents)
		r.Findings = append(r.Findings, finding)
	}
	r.Documents = append(r.Documents, other.Documents...)
	r.AddUndecided(other.Undecided)
	r.Unused = append(r.Unused, other.Unused...)
	r.Problems = append(r.Problems, other.Problems...)
	r.LeftOut = append(r.LeftOut, other.LeftOut...)
	r.Sets = append(r.Sets, other.Sets...)
	if r.Changes == nil && other.Changes != nil {
		r.Changes = &Changes{}
	}
	if r.Changes != nil && other.Changes != nil {
		r.Changes.add(*other.Changes)
	}
}

// Fails reports whether a finding is of the level failOn or of a stricter one.
func (r *Result) Fails(failOn policies.Level) bool {
	return slices.ContainsFunc(r.Findings, func(finding Finding) bool { return finding.atLeast(failOn) })
}

// atLeast reports whether the finding's level is this one or a stricter one. A finding that is only recorded, or off,
// never counts.
func (f Finding) atLeast(level policies.Level) bool {
	switch f.Level {
	case policies.Deny:
		return level == policies.Deny || level == policies.Warn
	case policies.Warn:
		return level == policies.Warn
	default:
		return false
	}
}

// count is how many findings have a level.
func (r *Result) count(level policies.Level) (n int) {
	for _, finding := range r.Findings {
		if finding.Level == level {
			n++
		}
	}
	return n
}

// objects is how many objects have denials or warnings.
func (r *Result) objects() int {
	found := map[engine.ObjectReference]bool{}
	for _, finding := range r.Findings {
		if finding.Level == policies.Deny || finding.Level == policies.Warn {
			found[finding.Object] = true
		}
	}
	return len(found)
}

// exceptions is how many exceptions of the Guardrails let something through.
func (r *Result) exceptions() int {
	used := map[engine.ExceptionUse]bool{}
	for _, finding := range r.Findings {
		if finding.Exception != nil {
			used[*finding.Exception] = true
		}
	}
	return len(used)
}

// ignored is how many findings are only recorded because their manifests ask for it.
func (r *Result) ignored() (n int) {
	for _, finding := range r.Findings {
		if finding.Ignored != nil && finding.Ignored.Counts {
			n++
		}
	}
	return n
}

// outcomes is how many documents had an outcome.
func (r *Result) outcomes(outcome Outcome) (n int) {
	for _, document := range r.Documents {
		if document.Outcome == outcome {
			n++
		}
	}
	return n
}

// skipped counts the documents that no rule checks, by kind.
func (r *Result) skipped() map[string]int {
	kinds := map[string]int{}
	for _, document := range r.Documents {
		if document.Outcome == Skipped {
			kinds[document.Kind]++
		}
	}
	return kinds
}

// findingsOf returns the findings of each document.
func (r *Result) findingsOf() map[int][]Finding {
	byDocument := map[int][]Finding{}
	for _, finding := range r.Findings {
		byDocument[finding.Document] = append(byDocument[finding.Document], finding)
	}
	return byDocument
}

// rule returns what is known of a finding's rule; of an unknown one only its id.
func (r *Result) rule(id string) policies.Rule {
	i := slices.IndexFunc(r.Rules, func(rule policies.Rule) bool { return rule.ID == id })
	if i < 0 {
		return policies.Rule{ID: id}
	}
	return r.Rules[i]
}

// reportedRules are the rules that found something, sorted by id.
func (r *Result) reportedRules() (rules []policies.Rule) {
	ids := map[string]bool{}
	for _, finding := range r.Findings {
		if !ids[finding.Rule] {
			ids[finding.Rule] = true
			rules = append(rules, r.rule(finding.Rule))
		}
	}
	slices.SortFunc(rules, func(a, b policies.Rule) int { return cmp.Compare(a.ID, b.ID) })
	return rules
}
