package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/spf13/cobra"

	"github.com/stateward/stateward/cmd/internal/ruletest"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

func newRulesTest(streams Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "test FOLDER",
		Short: "Test custom rules: metadata, Rego tests with coverage, and examples",
		Long: `Test the rules in a folder like the built-in ones: they compile together with them, their metadata is complete, their
Rego tests pass and cover every line, and each rule has examples in examples/pass and examples/fail.

Exit codes: 0 no problem; 1 a problem; 2 the rules cannot be read.`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			problems, err := tryRules(command.Context(), args[0], streams)
			if err != nil {
				return err
			}
			for _, problem := range problems {
				if _, err := fmt.Fprintln(streams.Out, problem); err != nil {
					return err
				}
			}
			if len(problems) > 0 {
				return errViolations
			}
			return nil
		},
	}
}

// tryRules returns the problems of the rules in a folder.
func tryRules(ctx context.Context, folder string, streams Streams) (problems []string, err error) {
	library, err := loadLibrary(ctx, folder)
	if err != nil {
		return nil, err
	}
	decider, err := engine.New(ctx, library, nil)
	if err != nil {
		return nil, usageError{err}
	}
	rego, err := ruletest.RunRego(ctx, library, os.DirFS(folder), folder, func(module *ast.Module) bool {
		return policies.IsCustom(module.Package.Path)
	})
	if err != nil {
		return nil, usageError{err}
	}
	problems = slices.Concat(rego.Failures, rego.Missed)
	if rego.Tests == 0 {
		problems = append(problems, folder+": no Rego test: write one in a file that ends in _test.rego")
	}
	examples := 0
	for _, rule := range library.Custom() {
		tried, wrong := tryExamples(ctx, rule, library, decider)
		examples += tried
		problems = append(problems, wrong...)
	}
	_, err = fmt.Fprintf(streams.Out, "rules: %d, Rego tests: %d, examples: %d, problems: %d\n",
		len(library.Custom()), rego.Tests, examples, len(problems))
	return problems, err
}

// tryExamples evaluates the examples of one rule.
func tryExamples(ctx context.Context, rule policies.Rule, library *policies.Library, decider *engine.Engine) (tried int, problems []string) {
	examples, missing := ruletest.Examples(rule, filepath.FromSlash(rule.Dir()))
	for _, problem := range missing {
		problems = append(problems, problem.Error())
	}
	for _, example := range examples {
		evaluating := decider
		if example.Config != "" {
			configured, err := configuredEngine(ctx, library, example.Config)
			if err != nil {
				problems = append(problems, err.Error())
				continue
			}
			evaluating = configured
		}
		if err := example.Evaluate(ctx, evaluating); err != nil {
			problems = append(problems, err.Error())
		}
	}
	return len(examples), problems
}

func configuredEngine(ctx context.Context, library *policies.Library, config string) (*engine.Engine, error) {
	guardrails, err := loadGuardrails(config, library)
	if err != nil {
		return nil, err
	}
	return engine.New(ctx, library, guardrails)
}
