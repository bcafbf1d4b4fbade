package engine

import (
	"context"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/plan"
)

const (
	levelled = "data.stateward.lib.router.levelled"
	made     = "data.stateward.lib.router.made"
)

// ask runs the rules and mutations that judge a review.
func (e *Engine) ask(ctx context.Context, question *asked, input ast.Value, txn *transaction) ([]Finding, error) {
	ctx, cancel := context.WithTimeout(ctx, DefaultTimeout)
	defer cancel()
	run := e.program.Start(ctx, input, source{store: e.queries.store, txn: txn})
	defer run.End()
	found, err := reported(run, levelled, question.reports)
	if err != nil {
		return nil, explain(ctx, err)
	}
	changed, err := reported(run, made, question.changes)
	if err != nil {
		return nil, explain(ctx, err)
	}
	// An answer that comes too late is none, even where nobody noticed.
	if err := ctx.Err(); err != nil {
		return nil, explain(ctx, err)
	}
	if found.Len()+changed.Len() == 0 {
		return nil, nil
	}
	findings, err := ast.JSON(found.Union(changed))
	if err != nil {
		return nil, err
	}
	return decodeFindings(findings)
}

// reported asks each rule for its document, and the router what becomes of them.
func reported(run *plan.Run, router string, documents []string) (ast.Set, error) {
	reports := make([]*ast.Term, 0, len(documents))
	for _, document := range documents {
		report, err := run.Call(document)
		if err != nil {
			return nil, err
		}
		if said, ok := report.(ast.Set); report != nil && (!ok || said.Len() > 0) {
			reports = append(reports, ast.NewTerm(report))
		}
	}
	if len(reports) == 0 {
		return ast.NewSet(), nil
	}
	answer, err := run.Call(router, ast.ArrayTerm(reports...))
	if err != nil {
		return nil, err
	}
	findings, ok := answer.(ast.Set)
	if !ok {
		return nil, noAnswer(0)
	}
	return findings, nil
}

// source is data for one evaluation by a program.
type source struct {
	store *store
	txn   *transaction
}

// IsPrefix reports whether the path is to be made longer: of the World, objects are read one by one where they can be.
func (s source) IsPrefix(path []string) bool {
	if path[0] != "cluster" {
		return false
	}
	if len(path) == 1 {
		return true
	}
	switch path[1] {
	case "known":
		return len(path) < 3
	case "governed", "mounting", "owned":
		return len(path) < 4
	case "selecting", "labelled":
		return len(path) < 5
	}
	if resource, known := policies.LookupResource(path[1]); known && !resource.Namespaced {
		return len(path) < 3
	}
	return len(path) < 4
}

// Read is the store's; what is not there is nil.
func (s source) Read(ctx context.Context, path []string) (ast.Value, error) {
	value, err := s.store.Read(ctx, s.txn, path)
	if storage.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return value.(ast.Value), nil
}
