package engine

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// topdownEvaluator is OPA's own evaluator, which runs every rule. It needs whole values.
type topdownEvaluator struct {
	compiler *ast.Compiler
	data     *store
	why      error

	mutex   sync.RWMutex
	queries map[*ruleSet]*rego.PreparedEvalQuery
}

// newTopdownEvaluator returns an evaluator of compiled rules; why is the reason for its use.
func newTopdownEvaluator(ctx context.Context, compiler *ast.Compiler, data *store, why error) (evaluator, error) {
	// What the router of a library lacks shows here and not at the first request.
	if _, err := prepare(ctx, compiler, data, asking(nil, nil)); err != nil {
		return nil, err
	}
	return &topdownEvaluator{compiler: compiler, data: data, why: why, queries: map[*ruleSet]*rego.PreparedEvalQuery{}}, nil
}

func (t *topdownEvaluator) unplanned() error { return t.why }

func (t *topdownEvaluator) evaluate(ctx context.Context, set *ruleSet, input lazy.Value, txn *transaction) ([]Finding, error) {
	query, err := t.query(ctx, set)
	if err != nil {
		return nil, err
	}
	return runQuery(ctx, query, input, txn)
}

// runQuery returns the findings that a query has as its one answer.
func runQuery(ctx context.Context, query *rego.PreparedEvalQuery, input lazy.Value, txn *transaction, options ...rego.EvalOption) ([]Finding, error) {
	ctx, cancel := context.WithTimeout(ctx, DefaultTimeout)
	defer cancel()
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

// query prepares the query of a set at its first evaluation. A part of a set uses the query of the whole, whose other rules find nothing.
func (t *topdownEvaluator) query(ctx context.Context, set *ruleSet) (*rego.PreparedEvalQuery, error) {
	if set.whole != nil {
		set = set.whole
	}
	t.mutex.RLock()
	known := t.queries[set]
	t.mutex.RUnlock()
	if known != nil {
		return known, nil
	}
	prepared, err := prepare(ctx, t.compiler, t.data, asking(set.reports, set.changes))
	if err != nil {
		return nil, err
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.queries[set] = prepared
	return prepared, nil
}

// asking returns the query for these documents of rules and of mutations.
func asking(reports, changes []string) string {
	return fmt.Sprintf(`findings = %s(%s) | %s(%s)`, withLevels, defined(reports), mutationsWithLevels, defined(changes))
}

// defined writes an array of the documents, where they are defined.
func defined(documents []string) string {
	each := make([]string, 0, len(documents))
	for _, document := range documents {
		each = append(each, fmt.Sprintf("[found | found := %s]", document))
	}
	return fmt.Sprintf("array.flatten([%s])", strings.Join(each, ", "))
}

func prepare(ctx context.Context, compiler *ast.Compiler, data storage.Store, query string) (*rego.PreparedEvalQuery, error) {
	prepared, err := rego.New(
		rego.Query(query),
		rego.Compiler(compiler),
		rego.Store(data),
		rego.StrictBuiltinErrors(true),
	).PrepareForEval(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare query %q: %w", query, err)
	}
	return &prepared, nil
}
