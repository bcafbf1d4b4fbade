// Package engine decides: the same Review, World, Guardrails and library always give the same Verdict. It knows OPA
// and no Kubernetes client, has no clock, opens no connection and keeps nothing between two decisions.
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
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// DefaultTimeout bounds an evaluation whose context has no earlier deadline.
const DefaultTimeout = 2 * time.Second

// ErrDeadline is wrapped by the error of an evaluation that ran out of time.
var ErrDeadline = errors.New("evaluation ran out of time")

// Engine holds a compiled library and its prepared queries. It is safe for concurrent use.
type Engine struct {
	library *policies.Library
	off     map[string]bool
	reads   []string
	// inspects are the reads of an audit.
	inspects []string
	queries  *queries
	*evaluator
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
	evaluator, err := newEvaluator(ctx, library)
	if err != nil {
		return nil, err
	}
	managed, err := library.Mentions("managedFields")
	if err != nil {
		return nil, err
	}
	engine := &Engine{
		library:    library,
		off:        guardrails.Off(library),
		reads:      guardrails.Reads(library, policies.Rule.OnlyInspects),
		inspects:   guardrails.Reads(library, func(policies.Rule) bool { return false }),
		queries:    newQueries(&store{guardrails: config}),
		evaluator:  evaluator,
		managed:    managed,
		revision:   library.Revision(),
		guardrails: guardrails.Revision(),
		document:   guardrails,
	}
	// What the router of a library lacks shows here and not at the first review.
	if evaluator.program == nil {
		if _, err := prepare(ctx, evaluator.compiler, engine.queries.store, asking(nil, nil)); err != nil {
			return nil, err
		}
	}
	return engine, nil
}

// Unplanned says why OPA's own evaluator decides, which takes several times as long; nil where it does not. The verdicts
// are the same.
func (e *Engine) Unplanned() error { return e.unplanned }

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

// Case is a review that has been read.
type Case struct {
	review  Review
	input   ast.Value
	verdict Verdict
	settled bool
	reader  *lazy.Reader
	// recording is nil where nothing is recorded.
	recording *inventory.Recording
}

// Settled reports whether the verdict is known without an evaluation: the review is exempt, or no rule judges it.
func (c *Case) Settled() bool { return c.settled }

// Review is what was read.
func (c *Case) Review() Review { return c.review }

// Part is the object, oldObject or options of the review as rules see them; it must not be read by two at a time.
func (c *Case) Part(name string) ast.Value { return lazy.Find(c.input, "request", name) }

// MetMask reports whether a masked value of a Masked review was read.
func (c *Case) MetMask() bool { return c.reader.MetMask }

// Record makes Judge note what it reads of the World.
func (c *Case) Record() *inventory.Recording {
	c.recording = &inventory.Recording{}
	return c.recording
}

// Decide judges a review against the World. An error means that it could not be judged, which is neither allowed
// nor denied: a malformed object, an evaluation that failed or ran out of time, a World that could not tell.
func (e *Engine) Decide(ctx context.Context, review Review, world inventory.World) (Verdict, error) {
	read, err := e.Read(review)
	if err != nil {
		return Verdict{}, err
	}
	return e.Judge(ctx, read, world)
}

// Read is the first half of Decide, which takes little; an object that is malformed is an error.
func (e *Engine) Read(review Review) (*Case, error) {
	reader := &lazy.Reader{ManagedFields: e.managed, Masked: review.Masked}
	input, err := review.input(reader)
	if err != nil {
		return nil, err
	}
	read := &Case{review: review, input: input, reader: reader, verdict: Verdict{Allowed: true, Library: e.revision, Guardrails: e.guardrails}}
	read.verdict.Exempt = exempt(input, review)
	read.settled = read.verdict.Exempt != "" || !e.Judges(review)
	return read, nil
}

// Judge is the second half of Decide.
func (e *Engine) Judge(ctx context.Context, read *Case, world inventory.World) (Verdict, error) {
	if read.settled {
		return read.verdict, nil
	}
	question, err := e.question(ctx, read.review)
	if err != nil {
		return Verdict{}, err
	}
	world = read.behind(world)
	if read.recording != nil {
		world = read.recording.Of(world)
	}
	seen := newTransaction(world)
	seen.review = entries(read.review.entry(read.input))
	verdict := read.verdict
	if e.program != nil {
		verdict.Findings, err = e.ask(ctx, question, read.input, seen)
	} else {
		verdict.Findings, err = evaluate(ctx, question.query, read.input, seen)
	}
	if err != nil {
		return Verdict{}, err
	}
	for _, finding := range verdict.Findings {
		verdict.Allowed = verdict.Allowed && finding.Level != policies.Deny
		verdict.Patches = append(verdict.Patches, finding.Patch...)
	}
	verdict.Undecided = append(e.undecided(read.review, seen.unknown), seen.unrecorded...)
	return verdict, nil
}

// evaluate asks OPA's own evaluator, which has to see everything.
func evaluate(ctx context.Context, query *rego.PreparedEvalQuery, input ast.Value, txn *transaction, options ...rego.EvalOption) ([]Finding, error) {
	ctx, cancel := context.WithTimeout(ctx, DefaultTimeout)
	defer cancel()
	txn.review = lazy.Forced(txn.review)
	results, err := query.Eval(ctx, append(options,
		rego.EvalParsedInput(lazy.Forced(input)),
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
		return nil, noAnswer(len(results))
	}
	return decodeFindings(results[0].Bindings["findings"])
}

func noAnswer(answers int) error {
	return fmt.Errorf("evaluate rules: the router gave %d answers instead of one: are levelled and made in policies/lib/router.rego defined for all that rules report?", answers)
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

// Reads lists, sorted, the resources that the rules in force read; a World for the engine watches these.
func (e *Engine) Reads() []string { return e.reads }

// Inspects is Reads with what only audits read.
func (e *Engine) Inspects() []string { return e.inspects }

// Judges reports whether a rule or mutation in force judges this review at its door.
func (e *Engine) Judges(review Review) bool {
	asks := e.asks(review)
	return slices.ContainsFunc(e.library.Rules, asks) || slices.ContainsFunc(e.library.Mutations, asks)
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

// Revision names the library and the Guardrails in force by their content.
func (e *Engine) Revision() (library, guardrails string) { return e.revision, e.guardrails }
