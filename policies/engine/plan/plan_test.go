package plan

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

const example = `package example

names := [name | some name, _ in data.pods[input.namespace]]

phase(namespace, name) := data.pods[namespace][name].phase

twice := {phase("a", "x"), phase("a", "x"), data.pods.a.x.phase}

everything := data.pods

nothing if input.absent

quotient := 1 / input.number

two := 1 if input.number > 0

two := 2 if input.number > 1

endless := count([1 | some _ in numbers.range(1, 1000); some _ in numbers.range(1, 1000); some _ in numbers.range(1, 1000)])

squares := {square(number) | some number in numbers.range(1, 500)}

square(number) := number * number

replaced if count(names) == 0 with data.pods as {}

twins := {input.first: 1, input.second: 2}
`

func TestRunReturnsResultsAndErrors(t *testing.T) {
	tests := map[string]struct {
		path  string
		args  []lazy.Value
		input string
		want  string
		reads []string
		err   string
	}{
		"what a rule makes of all below a place": {
			path: "data.example.names", input: `{"namespace": "a"}`, want: `["x", "y"]`, reads: []string{"pods.a"},
		},
		"what a function makes of one object": {
			path: "data.example.phase", args: []lazy.Value{lazy.Text("a"), lazy.Text("y")}, input: `{}`, want: `"Pending"`, reads: []string{"pods.a.y"},
		},
		"what is looked up three times, and read once": {
			path: "data.example.twice", input: `{}`, want: `{"Running"}`, reads: []string{"pods.a.x"},
		},
		"nothing where there is no such object": {
			path: "data.example.phase", args: []lazy.Value{lazy.Text("b"), lazy.Text("x")}, input: `{}`, reads: []string{"pods.b.x"},
		},
		"nothing where a rule is undefined":     {path: "data.example.nothing", input: `{}`},
		"the error of a source":                 {path: "data.example.everything", input: `{}`, reads: []string{"pods"}, err: "name a namespace"},
		"the error of a built-in function":      {path: "data.example.quotient", input: `{"number": 0}`, err: "example.rego:13: eval_builtin_error: div: divide by zero"},
		"an error where a rule has two values":  {path: "data.example.two", input: `{"number": 2}`, err: "example.rego:17: eval_conflict_error: rule data.example.two produced conflicting values"},
		"an error for an unplanned path":        {path: "data.example.other", input: `{}`, err: "evaluate data.example.other: it was not planned"},
		"the later of two values at one key":    {path: "data.example.twins", input: `{"first": "a", "second": "a"}`, want: `{"a": 2}`},
		"one value where the other has a cause": {path: "data.example.two", input: `{"number": 1}`, want: `1`},
	}
	program := compileExample(t, "names", "phase", "twice", "everything", "nothing", "quotient", "two", "twins")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := newPods()
			run := program.Start(t.Context(), lazy.Of(ast.MustParseTerm(test.input)), data)
			defer run.End()
			got, err := run.Call(test.path, test.args...)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error %v, want %s", err, test.err)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, written(got)); diff != "" {
				t.Errorf("value (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.reads, data.reads); diff != "" {
				t.Errorf("reads (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCompileNamesWhatCannotBePlanned(t *testing.T) {
	t.Parallel()
	_, err := Compile(t.Context(), compileModule(t), []string{"data.example.none"})
	want := "plan data.example.none: no such rule or function"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestProgramReportsWhetherItReplacesData(t *testing.T) {
	t.Parallel()
	if compileExample(t, "names").ReplacesData || !compileExample(t, "replaced").ReplacesData {
		t.Error("ReplacesData is not what the rules do")
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	program := compileExample(t, "endless")
	ctx, cancel := context.WithCancel(t.Context())
	run := program.Start(ctx, lazy.Object(), newPods())
	defer run.End()
	cancel()
	if got, err := run.Call("data.example.endless"); err == nil {
		t.Errorf("value %v of a run that was called off", got)
	}
}

func TestRunRemembersEachCalledFunctionOnce(t *testing.T) {
	t.Parallel()
	program := compileExample(t, "squares")
	run := program.Start(t.Context(), lazy.Object(), newPods())
	defer run.End()
	if _, err := run.Call("data.example.squares"); err != nil {
		t.Fatal(err)
	}
	if called := len(run.machine.called); called != len(program.functions) {
		t.Errorf("%d calls are remembered, of %d functions", called, len(program.functions))
	}
}

func TestConcurrentRunsAreIndependent(t *testing.T) {
	t.Parallel()
	program := compileExample(t, "names")
	var runs sync.WaitGroup
	for index := range 64 {
		namespace, want := "a", `["x", "y"]`
		if index%2 == 1 {
			namespace, want = "b", `["z"]`
		}
		runs.Go(func() {
			for range 50 {
				run := program.Start(t.Context(), lazy.Object(lazy.Item{Key: ast.StringTerm("namespace"), Value: lazy.Text(namespace)}), newPods())
				got, err := run.Call("data.example.names")
				run.End()
				if err != nil || written(got) != want {
					t.Errorf("names in %s: %v, %v; want %s", namespace, got, err, want)
				}
			}
		})
	}
	runs.Wait()
}

func compileModule(t testing.TB) *ast.Compiler {
	t.Helper()
	compiler, err := ast.CompileModules(map[string]string{"example.rego": example})
	if err != nil {
		t.Fatal(err)
	}
	return compiler
}

func compileExample(t testing.TB, rules ...string) *Program {
	t.Helper()
	var paths []string
	for _, rule := range rules {
		paths = append(paths, "data.example."+rule)
	}
	program, err := Compile(t.Context(), compileModule(t), paths)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// pods is a Source that wants to hear a namespace, and remembers what it was asked.
type pods struct {
	object
	reads []string
}

func newPods() *pods {
	return &pods{object: object{lazy.Of(ast.MustParseTerm(`{"pods": {
		"a": {"x": {"phase": "Running"}, "y": {"phase": "Pending"}},
		"b": {"z": {"phase": "Failed"}},
	}}`))}}
}

func (p *pods) IsPrefix(path []string) bool { return len(path) < 3 }

func (p *pods) Read(ctx context.Context, path []string) (lazy.Value, error) {
	p.reads = append(p.reads, strings.Join(path, "."))
	if len(path) < 2 {
		return nil, errors.New("name a namespace")
	}
	return p.object.Read(ctx, path)
}

func written(value ast.Value) string {
	if value == nil {
		return ""
	}
	return value.String()
}
