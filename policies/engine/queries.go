package engine

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"

	"github.com/stateward/stateward/policies"
)

// queries are the questions that were asked so far, one for each kind of review. Each names the rules that judge such a
// review and no others, since to ask a rule that has nothing to say costs nearly as much.
type queries struct {
	store *store
	mutex sync.RWMutex
	asked map[question]*asked
}

// question is what decides which rules judge a review. There are as many as the rules' metadata name.
type question struct {
	door                Door
	resource, operation string
	manifest, untyped   bool
}

// asked are the documents of the rules, and of the mutations, that judge a kind of review.
type asked struct {
	reports, changes []string
	// query asks for them with OPA's own evaluator; nil where there is a program.
	query *rego.PreparedEvalQuery
}

func newQueries(data *store) *queries {
	return &queries{store: data, asked: map[question]*asked{}}
}

// question returns what is asked about this review; it is made when the first such review comes.
func (e *Engine) question(ctx context.Context, review Review) (*asked, error) {
	resource, operation := review.subject()
	kind := question{door: review.Door, resource: resource, operation: operation, manifest: review.Operation == "", untyped: review.untyped()}
	e.queries.mutex.RLock()
	known, ok := e.queries.asked[kind]
	e.queries.mutex.RUnlock()
	if ok {
		return known, nil
	}
	made, err := e.newQuestion(ctx, review)
	if err != nil {
		return nil, err
	}
	e.queries.mutex.Lock()
	defer e.queries.mutex.Unlock()
	e.queries.asked[kind] = made
	return made, nil
}

func (e *Engine) newQuestion(ctx context.Context, review Review) (*asked, error) {
	// At the mutating door rules have notices.
	report := "report"
	if review.Door == MutatingDoor {
		report = "notice"
	}
	made := &asked{
		reports: documents(e.library.Rules, e.passesOver(review), report),
		changes: documents(e.library.Mutations, e.passesOver(review), "report"),
	}
	if e.program != nil {
		return made, nil
	}
	var err error
	made.query, err = prepare(ctx, e.compiler, e.queries.store, asking(made.reports, made.changes))
	return made, err
}

// documents are what the rules that are not passed over define.
func documents(rules []policies.Rule, passedOver func(policies.Rule) bool, name string) (paths []string) {
	for _, rule := range rules {
		if !passedOver(rule) {
			paths = append(paths, rule.Package+"."+name)
		}
	}
	return paths
}

// asks tells the rules and mutations in force that judge this review at its door. In a manifest and in an audit nothing
// changes, so what waits for a change of metadata does not count there.
func (e *Engine) asks(review Review) func(rule policies.Rule) bool {
	resource, operation := review.subject()
	changesNothing := review.Operation == "" || review.Operation == policies.Inspect
	return func(rule policies.Rule) bool {
		if e.off[rule.ID] || rule.Untyped && !review.untyped() || !rule.Judges(resource, operation) || changesNothing && rule.When[resource] != "" {
			return false
		}
		if rule.Kind == policies.Mutating {
			return review.Door != ValidatingDoor && review.Operation != policies.Inspect
		}
		return review.Door != MutatingDoor || rule.Notices
	}
}

func (e *Engine) passesOver(review Review) func(rule policies.Rule) bool {
	asks := e.asks(review)
	return func(rule policies.Rule) bool { return !asks(rule) }
}

// asking writes the query that asks for these documents of rules and of mutations.
func asking(reports, changes []string) string {
	return fmt.Sprintf(`findings = %s(%s) | %s(%s)`, levelled, defined(reports), made, defined(changes))
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
