package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"

	"github.com/stateward/stateward/policies"
)

// queries are the prepared ones, a query for each kind of review. Each names the rules that judge such a review and no
// others, since to ask a rule that has nothing to say costs nearly as much.
type queries struct {
	compiler *ast.Compiler
	store    storage.Store
	mutex    sync.RWMutex
	prepared map[question]*rego.PreparedEvalQuery
}

// question is what decides which rules judge a review. There are as many as the rules' metadata name.
type question struct {
	door                Door
	resource, operation string
	manifest, untyped   bool
}

func newQueries(compiler *ast.Compiler, data storage.Store) *queries {
	return &queries{compiler: compiler, store: data, prepared: map[question]*rego.PreparedEvalQuery{}}
}

// query returns the query that asks what judges this review; it is prepared when the first such review comes.
func (e *Engine) query(ctx context.Context, review Review) (*rego.PreparedEvalQuery, error) {
	resource, operation := review.subject()
	asked := question{door: review.Door, resource: resource, operation: operation, manifest: review.Operation == "", untyped: review.untyped()}
	e.queries.mutex.RLock()
	query, ok := e.queries.prepared[asked]
	e.queries.mutex.RUnlock()
	if ok {
		return query, nil
	}
	rules, mutations := e.asked(review)
	for _, rule := range slices.Concat(rules, mutations) {
		if e.left[rule.File] {
			return nil, fmt.Errorf("%s judges %s of %s, and was left out of this engine", rule.ID, asked.operation, asked.resource)
		}
	}
	query, err := prepare(ctx, e.queries.compiler, e.queries.store, asking(review.Door, rules, mutations))
	if err != nil {
		return nil, err
	}
	e.queries.mutex.Lock()
	defer e.queries.mutex.Unlock()
	e.queries.prepared[asked] = query
	return query, nil
}

// asked lists the rules and the mutations that judge this review.
func (e *Engine) asked(review Review) (rules, mutations []policies.Rule) {
	asks := e.asks(review)
	passedOver := func(rule policies.Rule) bool { return !asks(rule) }
	return slices.DeleteFunc(slices.Clone(e.library.Rules), passedOver), slices.DeleteFunc(slices.Clone(e.library.Mutations), passedOver)
}

// asks tells the rules and mutations in force that judge this review at its door. In a manifest nothing changes, so what
// waits for a change of metadata does not count there.
func (e *Engine) asks(review Review) func(rule policies.Rule) bool {
	resource, operation := review.subject()
	return func(rule policies.Rule) bool {
		if e.off[rule.ID] || rule.Untyped && !review.untyped() || !rule.Judges(resource, operation) || review.Operation == "" && rule.When[resource] != "" {
			return false
		}
		if rule.Kind == policies.Mutating {
			return review.Door != ValidatingDoor
		}
		return review.Door != MutatingDoor || rule.Notices
	}
}

// asking writes the query that asks these rules and mutations. At the mutating door rules have notices.
func asking(door Door, rules, mutations []policies.Rule) string {
	report := "report"
	if door == MutatingDoor {
		report = "notice"
	}
	return fmt.Sprintf(`findings = data.stateward.lib.router.levelled(%s) | data.stateward.lib.router.made(%s)`,
		documents(rules, report), documents(mutations, "report"))
}

// documents writes an array of a document of each rule, where it is defined.
func documents(rules []policies.Rule, name string) string {
	each := make([]string, 0, len(rules))
	for _, rule := range rules {
		each = append(each, fmt.Sprintf("[found | found := %s.%s]", rule.Package, name))
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
