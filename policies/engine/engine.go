// Package engine decides: the same Request, inventory, Guardrails and library always give the same Decision. It knows OPA
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
	// managed reports whether a rule reads managedFields.
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

// Unplanned says why OPA's own evaluator decides, which takes several times as long; nil where it does not. The decisions
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

// Decide evaluates a request against the inventory. An error means that it could not be evaluated, which is neither allowed
// nor denied: a malformed object, an evaluation that failed or ran out of time, an inventory that could not tell.
func (e *Engine) Decide(ctx context.Context, request Request, inv inventory.Inventory) (Decision, error) {
	prepared, err := e.Prepare(request)
	if err != nil {
		return Decision{}, err
	}
	return e.Evaluate(ctx, prepared, inv)
}

// Prepare is the first half of Decide, which takes little; an object that is malformed is an error.
func (e *Engine) Prepare(request Request) (*Prepared, error) {
	reader := &lazy.Reader{ManagedFields: e.managed, Masked: request.Masked}
	input, err := request.input(reader)
	if err != nil {
		return nil, err
	}
	prepared := &Prepared{
		request: request, kind: request.kind(), input: input, reader: reader,
		decision: Decision{Allowed: true, Exempt: exempt(input, request), Library: e.revision, Guardrails: e.guardrails},
	}
	if prepared.decision.Exempt == "" {
		prepared.rules = e.rules.of(prepared.kind).narrowed(input)
	}
	return prepared, nil
}

// Evaluate is the second half of Decide. It may be repeated for a Prepared, with another inventory; what is recorded and timed is
// the last one.
func (e *Engine) Evaluate(ctx context.Context, prepared *Prepared, inv inventory.Inventory) (Decision, error) {
	if prepared.Done() {
		return prepared.decision, nil
	}
	inv = prepared.fresh(inv)
	if prepared.recording != nil {
		inv = prepared.recording.Of(inv)
	}
	seen := newTransaction(inv)
	if prepared.timings != nil {
		*prepared.timings = Timings{}
	}
	seen.request, seen.timings = entries(prepared.request.entry(prepared.input)), prepared.timings
	decision := prepared.decision
	var err error
	if decision.Findings, err = e.evaluate(ctx, prepared.rules, prepared.input, seen); err != nil {
		return Decision{}, err
	}
	for _, finding := range decision.Findings {
		decision.Allowed = decision.Allowed && finding.Level != policies.Deny
		decision.Patches = append(decision.Patches, finding.Patch...)
	}
	decision.Undecided = append(e.rules.undecided(prepared.kind, seen.unknown), seen.unrecorded...)
	return decision, nil
}

// HasRulesFor reports whether a rule or mutation in force applies to this request in its phase.
func (e *Engine) HasRulesFor(request Request) bool { return e.rules.apply(request.kind()) }

// Reads lists, sorted, the resources that the rules in force read; an inventory for the engine watches these.
func (e *Engine) Reads() []string { return e.reads }

// Inspects is Reads with what only audits read.
func (e *Engine) Inspects() []string { return e.inspects }

// Revision names the library and the Guardrails in force by their content.
func (e *Engine) Revision() (library, guardrails string) { return e.revision, e.guardrails }
