package ruletest_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/ruletest"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/test/builders"
)

const folder = "../../../policies"

// one names the rule whose examples are evaluated; empty means all.
var one = flag.String("rule", "", "id of the rule to try") //nolint:gochecknoglobals // The flag package wants it before the tests begin.

// TestRego runs every Rego test of the library and wants every line of it to have been used by one.
func TestRego(t *testing.T) {
	t.Parallel()
	all := func(*ast.Module) bool { return true }
	done, err := ruletest.RunRego(context.WithoutCancel(t.Context()), builders.Library(t), os.DirFS(folder), "", all)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d Rego tests", done.Tests)
	if done.Tests == 0 {
		t.Error("no Rego test was found")
	}
	for _, problem := range append(done.Failures, done.Missed...) {
		t.Error(problem)
	}
}

// TestExamplesPassOrFailAsTheirFolderSays walks the examples of every rule and mutation.
func TestExamplesPassOrFailAsTheirFolderSays(t *testing.T) {
	t.Parallel()
	library := builders.Library(t)
	plain := sync.OnceValue(func() *engine.Engine { return newEngine(t, library, nil) })
	count := 0
	for _, rule := range library.All() {
		if *one != "" && !rule.Called(*one) {
			continue
		}
		examples, problems := ruletest.Examples(rule, filepath.Join(folder, rule.Dir()))
		for _, problem := range problems {
			t.Error(problem)
		}
		decider := plain
		if len(examples) > 0 && examples[0].Config != "" {
			decider = sync.OnceValue(func() *engine.Engine { return newEngine(t, library, guardrails(t, library, examples[0].Config)) })
		}
		for _, example := range examples {
			count++
			if err := example.Evaluate(t.Context(), decider()); err != nil {
				t.Error(err)
			}
		}
	}
	if count == 0 {
		t.Errorf("no examples of rule %q", *one)
	}
	t.Logf("%d examples", count)
}

// TestChangesOfBuiltInRulesAreProved wants a proof that a rule reports nothing new of an UPDATE that changes no field that it declares.
func TestChangesOfBuiltInRulesAreProved(t *testing.T) {
	t.Parallel()
	library := builders.Library(t)
	problems, err := ruletest.Changes(library, library.All())
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Error(problem)
	}
}

func newEngine(t *testing.T, library *policies.Library, guardrails *v1alpha1.Guardrails) *engine.Engine {
	t.Helper()
	decider, err := engine.New(context.WithoutCancel(t.Context()), library, guardrails)
	if err != nil {
		t.Fatal(err)
	}
	return decider
}

func guardrails(t *testing.T, library *policies.Library, file string) *v1alpha1.Guardrails {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	document, err := manifest.Config(file, source, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := v1alpha1.ParseGuardrails(document.Raw, library)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
