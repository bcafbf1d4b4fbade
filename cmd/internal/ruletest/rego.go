// Package ruletest tries rules: their Rego tests with coverage, and their examples.
package ruletest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/tester"

	"github.com/stateward/stateward/policies"
)

// timeout bounds each Rego test.
const timeout = time.Minute

// Rego is what came of Rego tests.
type Rego struct {
	// Tests is how many ran, Failures are those that failed, each with file and line.
	Tests    int
	Failures []string
	// Missed are the lines that no test reaches, as FILE: FROM-TO.
	Missed []string
}

// RunRego runs the tests below fsys, whose names are below root, against the library, and looks at the coverage of those
// of its modules that count.
func RunRego(ctx context.Context, library *policies.Library, fsys fs.FS, root string, counts func(*ast.Module) bool) (Rego, error) {
	tests, err := parseTests(fsys, root)
	if err != nil {
		return Rego{}, err
	}
	own, err := library.Modules()
	if err != nil {
		return Rego{}, err
	}
	modules := map[string]*ast.Module{}
	for name, module := range own {
		modules[name] = module.Copy()
	}
	for name, module := range tests {
		modules[name] = module
	}
	coverage := cover.New()
	runner := tester.NewRunner().SetModules(modules).SetCoverageQueryTracer(coverage).SetTimeout(timeout)
	results, err := runner.RunTests(ctx, nil)
	if err != nil {
		return Rego{}, fmt.Errorf("run Rego tests: %w", err)
	}
	var done Rego
	for result := range results {
		done.Tests++
		if !result.Pass() {
			done.Failures = append(done.Failures, fmt.Sprintf("%s: %s", result.Location, result))
		}
	}
	files := coverage.Report(modules).Files
	for name, module := range own {
		if file := files[name]; file != nil && counts(module) {
			for _, missed := range file.NotCovered {
				done.Missed = append(done.Missed, fmt.Sprintf("%s:%d: no test reaches lines %[2]d to %d", name, missed.Start.Row, missed.End.Row))
			}
		}
	}
	slices.Sort(done.Failures)
	slices.Sort(done.Missed)
	done.Missed = slices.Compact(done.Missed)
	return done, nil
}

func parseTests(fsys fs.FS, root string) (map[string]*ast.Module, error) {
	modules := map[string]*ast.Module{}
	var problems []error
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !isTest(name) {
			return err
		}
		source, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		name = path.Join(root, name)
		module, err := ast.ParseModuleWithOpts(name, string(source), ast.ParserOptions{ProcessAnnotation: true})
		if err != nil {
			problems = append(problems, err)
			return nil
		}
		modules[name] = module
		return nil
	})
	if err := errors.Join(append(problems, err)...); err != nil {
		return nil, fmt.Errorf("parse Rego tests: %w", err)
	}
	return modules, nil
}

func isTest(name string) bool { return strings.HasSuffix(name, "_test.rego") }
