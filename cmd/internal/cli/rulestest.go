package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/spf13/cobra"

	"github.com/stateward/stateward/cmd/internal/ruletest"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

func newRulesTest(streams Streams) *cobra.Command {
	var builtin bool
	command := &cobra.Command{
		Use:   "test FOLDER | --builtin [ID...]",
		Short: "Test rules: metadata, Rego tests with coverage, and examples",
		Long: `Test the rules in a folder like the built-in ones: they compile together with them, their metadata is complete, their
Rego tests pass and cover every line, and each rule has examples in examples/pass and examples/fail. A rule with changes in its
metadata needs a change of one of these fields, as far as its Rego shows.

With --builtin it tests the rules of Stateward itself as they are in the folder policies: run that at the root of its repository.
Without an ID it tests all of them.

Exit codes: 0 no problem; 1 a problem; 2 the rules cannot be read.`,
		Example: `  stateward rules test rules
  stateward rules test --builtin quorum`,
		Args: func(_ *cobra.Command, args []string) error {
			if !builtin && len(args) != 1 {
				return errors.New("name the folder of your rules, such as `stateward rules test rules`; --builtin is for those of Stateward")
			}
			return nil
		},
		RunE: func(command *cobra.Command, args []string) error {
			var tried trial
			var err error
			if builtin {
				tried, err = tryBuiltin(command.Context(), builtinFolder, args)
			} else {
				tried, err = tryRules(command.Context(), args[0])
			}
			if err != nil {
				return err
			}
			return tried.write(streams.Out)
		},
	}
	command.Flags().BoolVar(&builtin, "builtin", false, "test rules of Stateward itself, in policies of its repository")
	return command
}

// trial is what came of the tests of some rules.
type trial struct {
	rules, tests, examples int
	problems               []string
}

func (t trial) write(out io.Writer) error {
	if _, err := fmt.Fprintf(out, "rules: %d, Rego tests: %d, examples: %d, problems: %d\n", t.rules, t.tests, t.examples, len(t.problems)); err != nil {
		return err
	}
	for _, problem := range t.problems {
		if _, err := fmt.Fprintln(out, problem); err != nil {
			return err
		}
	}
	if len(t.problems) > 0 {
		return errViolations
	}
	return nil
}

// tryRules tests the rules in the folder of a user.
func tryRules(ctx context.Context, folder string) (trial, error) {
	library, err := loadLibrary(ctx, folder)
	if err != nil {
		return trial{}, err
	}
	return try(ctx, library, library.Custom(), regoTests{folder: folder, counts: func(module *ast.Module) bool {
		return policies.IsCustom(module.Package.Path)
	}}, "")
}

// regoTests are the Rego tests in a folder, and the modules whose lines they must reach.
type regoTests struct {
	folder string
	// below is the part of the folder that the tests are in, empty for all of it.
	below  string
	counts func(*ast.Module) bool
}

// try runs Rego tests, and evaluates the examples of rules whose folders are in root.
func try(ctx context.Context, library *policies.Library, rules []policies.Rule, tests regoTests, root string) (tried trial, err error) {
	decider, err := engine.New(ctx, library, nil)
	if err != nil {
		return tried, usageError{err}
	}
	found, err := fs.Sub(os.DirFS(tests.folder), cmp.Or(tests.below, "."))
	if err != nil {
		return tried, usageError{err}
	}
	rego, err := ruletest.RunRego(ctx, library, found, path.Join(tests.folder, tests.below), tests.counts)
	if err != nil {
		return tried, usageError{err}
	}
	tried.rules, tried.tests, tried.problems = len(rules), rego.Tests, slices.Concat(rego.Failures, rego.Missed)
	if rego.Tests == 0 {
		tried.problems = append(tried.problems, path.Join(tests.folder, tests.below)+": no Rego test: write one in a file that ends in _test.rego")
	}
	unproved, err := ruletest.Changes(library, rules)
	if err != nil {
		return tried, usageError{err}
	}
	tried.problems = append(tried.problems, unproved...)
	for _, rule := range rules {
		examples, wrong := tryExamples(ctx, rule, filepath.Join(root, filepath.FromSlash(rule.Dir())), library, decider)
		tried.examples += examples
		tried.problems = append(tried.problems, wrong...)
	}
	return tried, nil
}

// tryExamples evaluates the examples of one rule, in its folder.
func tryExamples(ctx context.Context, rule policies.Rule, folder string, library *policies.Library, decider *engine.Engine) (tried int, problems []string) {
	examples, missing := ruletest.Examples(rule, folder)
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
