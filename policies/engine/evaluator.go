package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// DefaultTimeout bounds an evaluation whose context has no earlier deadline. It is long, because no request waits for one of the many
// evaluations of `check`, and a busy machine may stop any of them for seconds; the webhook's deadline is earlier.
const DefaultTimeout = 20 * time.Second

// ErrDeadline is wrapped by the error of an evaluation that ran out of time.
var ErrDeadline = errors.New("evaluation ran out of time")

const (
	withLevels          = "data.stateward.lib.router.with_levels"
	mutationsWithLevels = "data.stateward.lib.router.mutations_with_levels"
)

// evaluator runs rules and mutations of a library. It is safe for concurrent use.
type evaluator interface {
	// evaluate returns the findings of a set of rules, sorted.
	evaluate(ctx context.Context, set *ruleSet, input lazy.Value, txn *transaction) ([]Finding, error)
	// unplanned is why this evaluator is used though it takes several times as long as the other; nil for the other.
	unplanned() error
}

// compile refuses what does not compile, with file and line.
func compile(library *policies.Library) (*ast.Compiler, error) {
	parsed, err := library.Modules()
	if err != nil {
		return nil, err
	}
	compiler := ast.NewCompiler().WithCapabilities(Capabilities()).WithStrict(true)
	// Compile takes the modules over and changes them; a library may serve several engines.
	modules := make(map[string]*ast.Module, len(parsed))
	for name, module := range parsed {
		modules[name] = module.Copy()
	}
	if compiler.Compile(modules); compiler.Failed() {
		return nil, fmt.Errorf("compile rule library: %w", compiler.Errors)
	}
	return compiler, nil
}

// noAnswer is the error of a library whose router is undefined for a report of its rules.
func noAnswer(answers int) error {
	return fmt.Errorf("evaluate rules: the router gave %d answers instead of one: are with_levels and mutations_with_levels in policies/lib/router.rego defined for all that rules report?", answers)
}

// explain distinguishes a deadline from an error in a rule; both end in "could not evaluate".
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
