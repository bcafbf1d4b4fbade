package engine

import (
	"context"
	_ "embed"
	"errors"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/assembly"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
	"github.com/stateward/stateward/policies/engine/plan"
)

// builtin is the program of the built-in library as `make generate` writes it, behind a line with the revision of that
// library: to plan it takes longer than to check a hundred manifests.
//
//go:embed builtin.plan
var builtin string

// planEvaluator runs the program that OPA's planner compiles from the rules. It is the only user of engine/plan: without it, New
// makes a topdownEvaluator, with the same decisions in several times as long.
type planEvaluator struct {
	library *policies.Library
	data    *store
	program *plan.Program
	// assembly assembles findings; nil if the library has its own code for that.
	assembly *assembly.Assembly
}

// newPlanEvaluator returns OPA's own evaluator for a library that cannot be planned.
func newPlanEvaluator(ctx context.Context, library *policies.Library, data *store) (evaluator, error) {
	if encoded, ok := strings.CutPrefix(builtin, library.Revision()+"\n"); ok {
		program, err := plan.Decode(encoded)
		if err != nil {
			return nil, err
		}
		return inGo(&planEvaluator{library: library, data: data, program: program}), nil
	}
	compiler, err := compile(library)
	if err != nil {
		return nil, err
	}
	program, why := planned(ctx, library, compiler)
	if why != nil {
		return newTopdownEvaluator(ctx, compiler, data, why)
	}
	made := &planEvaluator{library: library, data: data, program: program}
	if same, err := library.IsBuiltIn(assembly.Packages()); err != nil || !same {
		return made, err
	}
	return inGo(made), nil
}

// inGo makes an evaluator put findings together in Go.
func inGo(p *planEvaluator) *planEvaluator {
	p.assembly = assembly.New(p.data.guardrails)
	p.program.Replace(p.assembly.Functions())
	return p
}

func (*planEvaluator) unplanned() error { return nil }

// planned makes a program of all rules and mutations of a library.
func planned(ctx context.Context, library *policies.Library, compiler *ast.Compiler) (*plan.Program, error) {
	paths := []string{withLevels, mutationsWithLevels}
	for _, rule := range library.All() {
		paths = append(paths, rule.Package+".report")
		if rule.Notices {
			paths = append(paths, rule.Package+".notice")
		}
	}
	program, err := plan.Compile(ctx, compiler, paths)
	if err != nil {
		return nil, err
	}
	if program.ReplacesData {
		return nil, errors.New("a rule replaces a part of data by `with`, and data is looked up here")
	}
	return program, nil
}

func (p *planEvaluator) evaluate(ctx context.Context, set *ruleSet, input lazy.Value, txn *transaction) ([]Finding, error) {
	ctx, cancel := context.WithTimeout(ctx, DefaultTimeout)
	defer cancel()
	run := p.start(ctx, input, txn)
	defer run.End()
	found, err := p.reported(run, txn, withLevels, set.reports)
	if err != nil {
		return nil, explain(ctx, err)
	}
	changed, err := p.reported(run, txn, mutationsWithLevels, set.changes)
	if err != nil {
		return nil, explain(ctx, err)
	}
	// A late answer is an error, even if the evaluator did not notice.
	if err := ctx.Err(); err != nil {
		return nil, explain(ctx, err)
	}
	return distinct(append(found, changed...)), nil
}

// start begins a run, which the caller must end.
func (p *planEvaluator) start(ctx context.Context, input lazy.Value, txn *transaction) *plan.Run {
	return p.program.Start(ctx, input, source{store: p.data, txn: txn})
}

// reported evaluates the document of each rule, and returns the findings of their reports.
func (p *planEvaluator) reported(run *plan.Run, txn *transaction, router string, documents []string) ([]Finding, error) {
	reports := make([]*ast.Term, 0, len(documents))
	reporting := make([]string, 0, len(documents))
	for _, document := range documents {
		report, err := p.report(run, txn, document)
		if err != nil && !p.unrecorded(run, txn, document, err) {
			return nil, err
		}
		if said, ok := report.(ast.Set); report != nil && (!ok || said.Len() > 0) {
			reports, reporting = append(reports, ast.NewTerm(report)), append(reporting, document)
		}
	}
	if len(reports) == 0 {
		return nil, nil
	}
	if findings, ok := p.assemble(router, reports); ok {
		return findings, nil
	}
	findings, err := p.route(run, txn, router, reports, reporting)
	if err != nil {
		return nil, err
	}
	encoded, err := ast.JSON(findings)
	if err != nil {
		return nil, err
	}
	return decodeFindings(encoded)
}

// report evaluates the document of a rule.
func (p *planEvaluator) report(run *plan.Run, txn *transaction, document string) (ast.Value, error) {
	if txn.timings == nil {
		return run.Call(document)
	}
	began := time.Now()
	report, err := run.Call(document)
	txn.timings.List = append(txn.timings.List, Timing{Rule: p.ruleOf(document), Took: time.Since(began)})
	return report, err
}

// ruleOf returns the rule of a document; empty if there is none.
func (p *planEvaluator) ruleOf(document string) string {
	for _, rule := range p.library.All() {
		if strings.HasPrefix(document, rule.Package+".") {
			return rule.ID
		}
	}
	return ""
}

// assemble returns what the router would, if it need not run.
func (p *planEvaluator) assemble(router string, reports []*ast.Term) ([]Finding, bool) {
	switch {
	case p.assembly == nil:
		return nil, false
	case router == mutationsWithLevels:
		return assembled(reports, p.assembly.Told)
	default:
		return assembled(reports, p.assembly.Level)
	}
}

// route evaluates the router on the reports of these documents.
func (p *planEvaluator) route(run *plan.Run, txn *transaction, router string, reports []*ast.Term, documents []string) (ast.Set, error) {
	findings, err := routed(run, router, reports...)
	var missing *inventory.NotRecordedError
	if !errors.As(err, &missing) {
		return findings, err
	}
	// All reports together cannot be assembled, single ones perhaps.
	run.Resume()
	findings = ast.NewSet()
	for index, report := range reports {
		found, err := routed(run, router, report)
		switch {
		case err == nil:
			findings = findings.Union(found)
		case !p.unrecorded(run, txn, documents[index], err):
			return nil, err
		}
	}
	return findings, nil
}

// routed returns the findings of the router for reports.
func routed(run *plan.Run, router string, reports ...*ast.Term) (ast.Set, error) {
	answer, err := run.Call(router, lazy.Of(ast.ArrayTerm(reports...)))
	if err != nil {
		return nil, err
	}
	findings, ok := answer.(ast.Set)
	if !ok {
		return nil, noAnswer(0)
	}
	return findings, nil
}

// unrecorded records that a rule is undecided because a replayed inventory lacks what it reads; the others continue.
func (p *planEvaluator) unrecorded(run *plan.Run, txn *transaction, document string, err error) bool {
	var missing *inventory.NotRecordedError
	if !errors.As(err, &missing) {
		return false
	}
	run.Resume()
	if rule := p.ruleOf(document); rule != "" {
		txn.unrecorded = append(txn.unrecorded, Undecided{Rule: rule, Resource: missing.Resource()})
	}
	return true
}

// source is data for one evaluation by a program.
type source struct {
	store *store
	txn   *transaction
}

// IsPrefix reports whether the path is to be made longer: of the inventory, objects are read one by one where they can be.
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
	case "governed", "mounting", "owned", "naming", "matching", "owner":
		return len(path) < 4
	case "selecting", "labelled":
		return len(path) < 5
	}
	if resource, known := policies.LookupResource(path[1]); known && !resource.Namespaced {
		return len(path) < 3
	}
	return len(path) < 4
}

// Read reads the store; it returns nil if the path does not exist.
func (s source) Read(ctx context.Context, path []string) (lazy.Value, error) {
	value, err := s.store.read(ctx, s.txn, path)
	if storage.IsNotFound(err) {
		return nil, nil
	}
	return value, err
}
