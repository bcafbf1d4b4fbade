// Package engine decides: the same Review, World, Guardrails and library always give the same Verdict. It knows OPA
// and no Kubernetes client, has no clock, opens no connection and keeps nothing between two decisions.
package engine

import (
	"context"
	"encoding/json"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// Engine holds a compiled library and its prepared queries. It is safe for concurrent use.
type Engine struct {
	library *policies.Library
	reads   []string
	// inspects are the reads of an audit.
	inspects []string
	evaluator
	rules *ruleSets
	// managed says that a rule reads managedFields.
	managed    bool
	revision   string
	guardrails string
	document   *v1alpha1.Guardrails
}

// New compiles the library under the Guardrails (nil means none: every rule as its metadata has it). What does not
// compile, or uses a built-in function that could reach outside, is refused with file and line.
func New(ctx context.Context, library *policies.Library, guardrails *v1alpha1.Guardrails) (*Engine, error) {
	config, err := configOf(guardrails, library)
	if err != nil {
		return nil, err
	}
	// Without engine/plan, this is newTopdownEvaluator with compile(library).
	evaluator, err := newPlanEvaluator(ctx, library, &store{guardrails: config})
	if err != nil {
		return nil, err
	}
	managed, err := library.Mentions("managedFields")
	if err != nil {
		return nil, err
	}
	return &Engine{
		library:    library,
		reads:      guardrails.Reads(library, policies.Rule.OnlyInspects),
		inspects:   guardrails.Reads(library, func(policies.Rule) bool { return false }),
		rules:      newRuleSets(library, guardrails.Off(library)),
		evaluator:  evaluator,
		managed:    managed,
		revision:   library.Revision(),
		guardrails: guardrails.Revision(),
		document:   guardrails,
	}, nil
}

// Unplanned says why OPA's own evaluator decides, which takes several times as long; nil where it does not. The verdicts
// are the same.
func (e *Engine) Unplanned() error { return e.unplanned() }

// Library returns the library that the engine was made of.
func (e *Engine) Library() *policies.Library { return e.library }

// Guardrails returns those that the engine was made of, nil for none.
func (e *Engine) Guardrails() *v1alpha1.Guardrails { return e.document }

// ReadsManagedFields reports whether a rule reads the managedFields of objects.
func (e *Engine) ReadsManagedFields() bool { return e.managed }

// ParseObject is lazy.ParseObject, with the managedFields if a rule reads them.
func (e *Engine) ParseObject(raw json.RawMessage) (ast.Value, error) {
	return (&lazy.Reader{ManagedFields: e.managed}).Parse(raw)
}

// Decide judges a review against the World. An error means that it could not be judged, which is neither allowed
// nor denied: a malformed object, an evaluation that failed or ran out of time, a World that could not tell.
func (e *Engine) Decide(ctx context.Context, review Review, world inventory.World) (Verdict, error) {
	prepared, err := e.Prepare(review)
	if err != nil {
		return Verdict{}, err
	}
	return e.Evaluate(ctx, prepared, world)
}

// Prepare is the first half of Decide, which takes little; an object that is malformed is an error.
func (e *Engine) Prepare(review Review) (*Prepared, error) {
	reader := &lazy.Reader{ManagedFields: e.managed, Masked: review.Masked}
	input, err := review.input(reader)
	if err != nil {
		return nil, err
	}
	prepared := &Prepared{
		review: review, kind: review.kind(), input: input, reader: reader,
		verdict: Verdict{Allowed: true, Exempt: exempt(input, review), Library: e.revision, Guardrails: e.guardrails},
	}
	if prepared.verdict.Exempt == "" {
		prepared.rules = e.rules.of(prepared.kind).narrowed(input)
	}
	return prepared, nil
}

// Evaluate is the second half of Decide.
func (e *Engine) Evaluate(ctx context.Context, prepared *Prepared, world inventory.World) (Verdict, error) {
	if prepared.Done() {
		return prepared.verdict, nil
	}
	world = prepared.fresh(world)
	if prepared.recording != nil {
		world = prepared.recording.Of(world)
	}
	seen := newTransaction(world)
	seen.review, seen.timings = entries(prepared.review.entry(prepared.input)), prepared.timings
	verdict := prepared.verdict
	var err error
	if verdict.Findings, err = e.evaluate(ctx, prepared.rules, prepared.input, seen); err != nil {
		return Verdict{}, err
	}
	for _, finding := range verdict.Findings {
		verdict.Allowed = verdict.Allowed && finding.Level != policies.Deny
		verdict.Patches = append(verdict.Patches, finding.Patch...)
	}
	verdict.Undecided = append(e.rules.undecided(prepared.kind, seen.unknown), seen.unrecorded...)
	return verdict, nil
}

// Judges reports whether a rule or mutation in force applies to this review at its door.
func (e *Engine) Judges(review Review) bool { return e.rules.apply(review.kind()) }

// Reads lists, sorted, the resources that the rules in force read; a World for the engine watches these.
func (e *Engine) Reads() []string { return e.reads }

// Inspects is Reads with what only audits read.
func (e *Engine) Inspects() []string { return e.inspects }

// Revision names the library and the Guardrails in force by their content.
func (e *Engine) Revision() (library, guardrails string) { return e.revision, e.guardrails }
