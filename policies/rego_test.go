package policies_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/tester"
)

// TestRego runs every Rego test and wants every line of every module to have been used by one.
func TestRego(t *testing.T) {
	t.Parallel()
	modules := parseAll(t)
	coverage := cover.New()
	runner := tester.NewRunner().SetModules(modules).SetCoverageQueryTracer(coverage).SetTimeout(time.Minute)
	results, err := runner.RunTests(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for result := range results {
		count++
		if !result.Pass() {
			t.Errorf("%s: %s", result.Location, result)
		}
	}
	t.Logf("%d Rego tests", count)
	if count == 0 {
		t.Error("no Rego test was found")
	}
	for name, file := range coverage.Report(modules).Files {
		if strings.HasSuffix(name, "_test.rego") || len(file.NotCovered) == 0 {
			continue
		}
		var lines []string
		for _, missed := range file.NotCovered {
			lines = append(lines, fmt.Sprintf("%d-%d", missed.Start.Row, missed.End.Row))
		}
		t.Errorf("policies/%s: no test reaches lines %s", name, strings.Join(lines, ", "))
	}
}

func parseAll(t *testing.T) map[string]*ast.Module {
	t.Helper()
	modules := map[string]*ast.Module{}
	err := filepath.WalkDir(".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".rego" {
			return err
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		modules[name], err = ast.ParseModuleWithOpts(name, string(source), ast.ParserOptions{ProcessAnnotation: true})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return modules
}
