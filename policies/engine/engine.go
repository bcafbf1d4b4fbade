// Package engine decides: the same Review, World, Guardrails and library always give the same Verdict. It knows OPA
// and no Kubernetes client, has no clock, opens no connection and keeps nothing between two decisions.
//
// +groupName=stateward.dev
// +versionName=v1alpha1
package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/stateward/stateward/policies"
)

// DefaultTimeout bounds an evaluation whose context has no earlier deadline.
const DefaultTimeout = 2 * time.Second

// ErrDeadline is wrapped by the error of an evaluation that ran out of time.
var ErrDeadline = errors.New("evaluation ran out of time")

// Engine holds a compiled library and its prepared queries. It is safe for concurrent use.
type Engine struct {
	library    *policies.Library
	off        map[string]bool
	reads      []string
	queries    map[Door]rego.PreparedEvalQuery
	revision   string
	guardrails string
}

// New compiles the library under the Guardrails (nil means none: every rule as its metadata has it). What does not
// compile, or uses a built-in function that could reach outside, is refused with file and line.
func New(ctx context.Context, library *policies.Library, guardrails *Guardrails) (*Engine, error) {
	config, err := guardrails.value(library)
	if err != nil {
		return nil, err
	}
	compiler := ast.NewCompiler().WithCapabilities(Capabilities()).WithStrict(true)
	// Compile takes the modules over and changes them; a library may serve several engines.
	if compiler.Compile(copyModules(library.Modules)); compiler.Failed() {
		return nil, fmt.Errorf("compile rule library: %w", compiler.Errors)
	}
	engine := &Engine{
		library:    library,
		off:        guardrails.off(library),
		reads:      guardrails.reads(library),
		queries:    map[Door]rego.PreparedEvalQuery{},
		revision:   library.Revision(),
		guardrails: guardrails.Revision(),
	}
	for door, query := range map[Door]string{
		AnyDoor:        `findings = data.stateward.lib.router.findings | data.stateward.lib.router.mutations`,
		ValidatingDoor: `findings = data.stateward.lib.router.findings`,
		MutatingDoor:   `findings = data.stateward.lib.router.mutations | data.stateward.lib.router.notices`,
	} {
		engine.queries[door], err = rego.New(
			rego.Query(query),
			rego.Compiler(compiler),
			rego.Store(&store{guardrails: config}),
			rego.StrictBuiltinErrors(true),
		).PrepareForEval(ctx)
		if err != nil {
			return nil, fmt.Errorf("prepare query %q: %w", query, err)
		}
	}
	return engine, nil
}

// Library returns the library that the engine was made of.
func (e *Engine) Library() *policies.Library { return e.library }

// Decide judges a review against the World. An error means that it could not be judged, which is neither allowed
// nor denied: a malformed object, an evaluation that failed or ran out of time, a World that could not tell.
func (e *Engine) Decide(ctx context.Context, review Review, world World) (Verdict, error) {
	verdict := Verdict{Allowed: true, Library: e.revision, Guardrails: e.guardrails}
	input, err := review.input()
	if err != nil {
		return Verdict{}, err
	}
	if verdict.Exempt = exempt(input, review); verdict.Exempt != "" || !e.Judges(review) {
		return verdict, nil
	}
	seen := newTransaction(world)
	verdict.Findings, err = e.evaluate(ctx, review.Door, input, seen)
	if err != nil {
		return Verdict{}, err
	}
	for _, finding := range verdict.Findings {
		verdict.Allowed = verdict.Allowed && finding.Level != policies.Deny
		verdict.Patches = append(verdict.Patches, finding.Patch...)
	}
	verdict.Undecided = e.undecided(review, seen.unknown)
	return verdict, nil
}

func (e *Engine) evaluate(ctx context.Context, door Door, input ast.Value, txn *transaction, options ...rego.EvalOption) ([]Finding, error) {
	ctx, cancel := context.WithTimeout(ctx, DefaultTimeout)
	defer cancel()
	query, ok := e.queries[door]
	if !ok {
		return nil, fmt.Errorf("evaluate: there is no door %d", door)
	}
	results, err := query.Eval(ctx, append(options,
		rego.EvalParsedInput(input),
		rego.EvalTransaction(txn),
		rego.EvalMetrics(metrics.NoOp()),
	)...)
	// An answer that comes too late is none, even where the evaluator did not notice.
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, explain(ctx, err)
	}
	if len(results) != 1 {
		return nil, fmt.Errorf("evaluate rules: the router gave %d answers instead of one: does policies/lib/router.rego define findings, mutations and notices?", len(results))
	}
	return decodeFindings(results[0].Bindings["findings"])
}

// explain tells running out of time from a rule that is wrong; either ends in "could not evaluate".
func explain(ctx context.Context, err error) error {
	if topdown.IsCancel(err) || ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ErrDeadline, err)
	}
	return fmt.Errorf("evaluate rules: %w", err)
}

func decodeFindings(value any) ([]Finding, error) {
	if list, ok := value.([]any); ok && len(list) == 0 {
		return nil, nil
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode findings: %w", err)
	}
	var findings []Finding
	if err := json.Unmarshal(encoded, &findings); err != nil {
		return nil, fmt.Errorf("decode findings: %w", err)
	}
	sortFindings(findings)
	return findings, nil
}

// Reads lists, sorted, the resources that the rules in force read; whoever makes a World for the engine watches these.
func (e *Engine) Reads() []string { return e.reads }

// Judges reports whether a rule or mutation in force judges this review at its door. In a manifest
// nothing changes, so rules that wait for a change of metadata do not count there.
func (e *Engine) Judges(review Review) bool {
	resource, operation := review.subject()
	judges := func(rule policies.Rule) bool {
		return !e.off[rule.ID] && rule.Judges(resource, operation) && (review.Operation != "" || rule.When[resource] == "")
	}
	return review.Door != MutatingDoor && slices.ContainsFunc(e.library.Rules, judges) ||
		review.Door != ValidatingDoor && slices.ContainsFunc(e.library.AtMutatingDoor(), judges)
}

// undecided lists the rules that judge this review and read a resource that was looked for and is not known.
func (e *Engine) undecided(review Review, unknown map[string]bool) (undecided []Undecided) {
	resource, operation := review.subject()
	for _, rule := range e.library.Rules {
		if !rule.Judges(resource, operation) || e.off[rule.ID] {
			continue
		}
		for _, read := range rule.Reads {
			if unknown[read] {
				undecided = append(undecided, Undecided{Rule: rule.ID, Resource: read})
			}
		}
	}
	return undecided
}

func copyModules(modules map[string]*ast.Module) map[string]*ast.Module {
	copies := make(map[string]*ast.Module, len(modules))
	for name, module := range modules {
		copies[name] = module.Copy()
	}
	return copies
}

// Revision names the library and the Guardrails in force by their content.
func (e *Engine) Revision() (library, guardrails string) { return e.revision, e.guardrails }
