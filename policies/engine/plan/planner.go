package plan

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
	"github.com/open-policy-agent/opa/v1/rego"
)

// target is how OPA lets others have what its planner makes: a target of rego.New, which is handed the plan of a query.
type target struct{}

const targetName = "stateward.dev/plan"

// received is the key of the context under which a caller waits for the plan.
type received struct{}

// IsTarget is called for each query that names a target.
func (target) IsTarget(name string) bool { return name == targetName }

// PrepareForEval hands the plan over. The query itself is never evaluated.
func (target) PrepareForEval(ctx context.Context, policy *ir.Policy, _ ...rego.PrepareOption) (rego.TargetPluginEval, error) {
	waiting, ok := ctx.Value(received{}).(**ir.Policy)
	if !ok {
		return nil, fmt.Errorf("plan query: the caller no longer waits for the plan")
	}
	*waiting = policy
	return nil, nil
}

// register registers the target with OPA, which panics at the second time.
var register = sync.OnceFunc(func() { rego.RegisterPlugin(targetName, target{}) })

// plan returns OPA's plan of a query and of all rules that it needs.
func plan(ctx context.Context, compiler *ast.Compiler, query string) (*ir.Policy, error) {
	register()
	var policy *ir.Policy
	_, err := rego.New(rego.Query(query), rego.Compiler(compiler), rego.Target(targetName)).
		PrepareForEval(context.WithValue(ctx, received{}, &policy))
	if err != nil {
		return nil, fmt.Errorf("plan rules: %w", err)
	}
	return policy, nil
}

// entrypoints is a query that needs what is at these paths. A function is called with as many arguments as it takes.
func entrypoints(paths []string, compiler *ast.Compiler) string {
	var query strings.Builder
	for index, path := range paths {
		call := path
		if rules := compiler.GetRulesExact(ast.MustParseRef(path)); len(rules) > 0 && len(rules[0].Head.Args) > 0 {
			call += "(" + strings.Repeat("null, ", len(rules[0].Head.Args)-1) + "null)"
		}
		fmt.Fprintf(&query, "entrypoint%d = [value | value := %s]\n", index, call)
	}
	return query.String()
}
