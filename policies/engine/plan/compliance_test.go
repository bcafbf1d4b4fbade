package plan

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
	"github.com/open-policy-agent/opa/v1/test/cases"
	"github.com/open-policy-agent/opa/v1/test/cases/testdata"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/builtins"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// exceptions are the cases of the suite that do not hold here, and why.
func exceptions() map[string]string {
	return map[string]string{
		"data/toplevel integer": "a number is no key of an object of data; the same is an exception of OPA's own WebAssembly",
		"data/nested integer":   "the same",
		"time/time caching":     "it calls a function that only OPA's own tests have",
	}
}

func TestPlanPassesOPAsComplianceSuite(t *testing.T) {
	for _, each := range complianceCases(t) {
		if exceptions()[each.Note] != "" {
			continue
		}
		t.Run(each.Note, func(t *testing.T) {
			for name, value := range each.Env {
				t.Setenv(name, value)
			}
			compiler := compiled(t, each)
			program, query, err := planned(t, compiler, each.Query)
			if err != nil {
				t.Fatal(err)
			}
			for _, read := range []func(*testing.T, any) lazy.Value{asValue, lazily} {
				results, err := evaluate(t, program, query, each, read)
				if each.WantErrorCode != nil || each.WantError != nil {
					wantError(t, each, err)
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				compare(t, each, results)
			}
		})
	}
}

func complianceCases(t *testing.T) (all []cases.TestCase) {
	t.Helper()
	err := fs.WalkDir(testdata.V1, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		source, err := fs.ReadFile(testdata.V1, path)
		if err != nil {
			return err
		}
		var set cases.Set
		if err := util.Unmarshal(source, &set); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, set.Cases...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func compiled(t *testing.T, each cases.TestCase) *ast.Compiler {
	t.Helper()
	modules := map[string]string{}
	for index, module := range each.Modules {
		modules[fmt.Sprintf("test-%d.rego", index)] = module
	}
	options := ast.ParserOptions{RegoVersion: ast.RegoV1, ProcessAnnotation: true}
	if each.ExperimentalKeywords {
		options.Capabilities = ast.CapabilitiesForThisVersion(ast.CapabilitiesExperimentalKeywords(true))
	}
	compiler, err := ast.CompileModulesWithOpt(modules, ast.CompileOpts{ParserOptions: options})
	if err != nil {
		t.Fatal(err)
	}
	return compiler
}

// planned returns the program of a query, with the query as one of its functions. It is encoded and decoded on the way.
func planned(t *testing.T, compiler *ast.Compiler, query string) (*Program, *function, error) {
	t.Helper()
	policy, err := plan(t.Context(), compiler, query)
	if err != nil {
		return nil, nil, err
	}
	translated, err := translate(policy)
	if err != nil {
		return nil, nil, err
	}
	blocks, err := translated.bodies(policy.Plans.Plans[0].Blocks, ir.Data)
	if err != nil {
		return nil, nil, err
	}
	translated.program.declare(&function{index: len(policy.Funcs.Funcs), path: "g0.query", params: []int{0, 1}, body: func() ([]block, error) { return blocks, nil }, locals: localsOf(blocks, 2)})
	// Constants of the query itself are among those of the program.
	translated.program.machines.constants = translated.constants.known()
	encoded, err := translated.program.Encode()
	if err != nil {
		return nil, nil, err
	}
	program, err := Decode(string(encoded))
	if err != nil {
		return nil, nil, err
	}
	again, err := program.Encode()
	if err == nil && !bytes.Equal(encoded, again) {
		err = errors.New("it reads as another program than was written")
	}
	return program, program.byPath["query"], err
}

func asValue(_ *testing.T, document any) lazy.Value {
	return lazy.OfValue(ast.MustInterfaceToValue(document))
}

// lazily reads a document as far as it is asked for.
func lazily(t *testing.T, value any) lazy.Value {
	t.Helper()
	encoded, err := json.Marshal(map[string]any{"document": value})
	if err != nil {
		t.Fatal(err)
	}
	read, err := (&lazy.Reader{}).Read(encoded)
	if err != nil {
		// Some cases calculate with numbers that are refused where objects are read.
		return asValue(t, value)
	}
	return lazy.Find(read, "document")
}

// object is a Source that is known as a whole.
type object struct{ value lazy.Value }

func (o object) IsPrefix([]string) bool { return false }

func (o object) Read(_ context.Context, path []string) (lazy.Value, error) {
	return lazy.Find(o.value, path...), nil
}

// evaluate returns what a query's plan adds to its results.
func evaluate(
	t *testing.T, program *Program, query *function, each cases.TestCase, read func(*testing.T, any) lazy.Value,
) (ast.Set, error) {
	t.Helper()
	var input lazy.Value
	if each.InputTerm != nil {
		input = lazy.Of(ast.MustParseTerm(*each.InputTerm))
	} else if each.Input != nil {
		input = read(t, *each.Input)
	}
	data := object{lazy.Object()}
	if each.Data != nil {
		data.value = read(t, *each.Data)
	}
	run := program.Start(t.Context(), input, data)
	defer run.End()
	results := ast.NewSet()
	run.machine.strict, run.machine.results = each.StrictError, results
	run.machine.context.Time = ast.NumberTerm(json.Number(strconv.FormatInt(time.Now().UnixNano(), 10)))
	run.machine.context.Seed = rand.Reader
	run.machine.context.Cache = builtins.Cache{}
	frame := run.machine.push(query.locals)
	frame[0], frame[1] = run.input, run.data
	blocks, err := query.body()
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range blocks {
		run.machine.run(each, frame)
	}
	return results, run.machine.err
}

func wantError(t *testing.T, each cases.TestCase, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("there is no error")
	}
	var found *topdown.Error
	if each.WantErrorCode != nil && (!errors.As(err, &found) || found.Code != *each.WantErrorCode) {
		t.Errorf("%v has not the code %s", err, *each.WantErrorCode)
	}
	if each.WantError != nil && !strings.Contains(err.Error(), *each.WantError) {
		t.Errorf("%v does not say %s", err, *each.WantError)
	}
}

func compare(t *testing.T, each cases.TestCase, results ast.Set) {
	t.Helper()
	if each.WantResult == nil {
		t.Fatal("the case wants nothing")
	}
	want, got := ast.NewSet(), ast.NewSet()
	for _, bindings := range *each.WantResult {
		want.Add(ast.NewTerm(ast.MustInterfaceToValue(bindings)))
	}
	results.Foreach(func(result *ast.Term) { got.Add(bindingsOf(t, each, result)) })
	if want.Compare(got) != 0 {
		t.Errorf("want %v\ngot  %v", want, got)
	}
}

// bindingsOf is a result as JSON has it: sets are arrays.
func bindingsOf(t *testing.T, each cases.TestCase, result *ast.Term) *ast.Term {
	t.Helper()
	bindings := ast.NewObject()
	result.Value.(ast.Object).Foreach(func(name, bound *ast.Term) {
		value, err := ast.JSON(bound.Value)
		if err != nil {
			t.Fatal(err)
		}
		if list, ok := value.([]any); ok && each.SortBindings {
			slices.SortFunc(list, util.Compare)
		}
		if !each.IgnoreGeneratedVars || !strings.HasPrefix(string(name.Value.(ast.String)), "__localq") {
			bindings.Insert(name, ast.NewTerm(ast.MustInterfaceToValue(value)))
		}
	})
	return ast.NewTerm(bindings)
}
