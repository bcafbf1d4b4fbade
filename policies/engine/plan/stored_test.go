package plan

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

func TestStoredProgramReadsWhatIsCalled(t *testing.T) {
	t.Parallel()
	compiled := compileExample(t, "names", "quotient")
	encoded, err := compiled.Encode()
	if err != nil {
		t.Fatal(err)
	}
	program, err := Decode(string(encoded))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string(nil), knownConstants(program)); diff != "" {
		t.Errorf("constants before the first call (-want +got):\n%s", diff)
	}
	run := program.Start(t.Context(), lazy.Object(), newPods())
	defer run.End()
	if _, err := run.Call("data.example.quotient"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`"number"`, "1"}, knownConstants(program)); diff != "" {
		t.Errorf("constants after a call of quotient (-want +got):\n%s", diff)
	}
}

func knownConstants(program *Program) (known []string) {
	for _, each := range program.machines.constants {
		if each != nil {
			known = append(known, written(each.Value))
		}
	}
	return known
}

func TestStoredProgramIsReadByConcurrentRuns(t *testing.T) {
	t.Parallel()
	encoded, err := compileExample(t, "names", "squares").Encode()
	if err != nil {
		t.Fatal(err)
	}
	program, err := Decode(string(encoded))
	if err != nil {
		t.Fatal(err)
	}
	input := lazy.Object(lazy.Item{Key: ast.StringTerm("namespace"), Value: lazy.Text("a")})
	var runs sync.WaitGroup
	for range 16 {
		runs.Go(func() {
			run := program.Start(t.Context(), input, newPods())
			defer run.End()
			if got, err := run.Call("data.example.names"); err != nil || written(got) != `["x", "y"]` {
				t.Errorf("names: %v, %v", got, err)
			}
			if got, err := run.Call("data.example.squares"); err != nil || got.(ast.Set).Len() != 500 {
				t.Errorf("squares: %v, %v", got, err)
			}
		})
	}
	runs.Wait()
}

func TestStoredProgramReportsWhatIsInvalid(t *testing.T) {
	t.Parallel()
	encoded, err := compileExample(t, "quotient").Encode()
	if err != nil {
		t.Fatal(err)
	}
	valid := string(encoded)
	tests := map[string]struct{ encoded, want string }{
		"another header":   {"stateward plan 0\n" + strings.TrimPrefix(valid, header), `it does not begin with "stateward plan 2\n"`},
		"a missing end":    {valid[:len(valid)-1], "read program"},
		"something behind": {valid + "x", "1 bytes too many"},
		"another function": {strings.Replace(valid, "div", "fly", 1), "find built-in function fly: this build of OPA has none"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Decode(test.encoded); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}

func TestStoredProgramReportsAnInvalidBody(t *testing.T) {
	t.Parallel()
	program := newProgram()
	program.stored = &stored{program: program}
	program.declare(&function{path: "g0.data.example.wrong", params: []int{0, 1}, inOrder: []int{0, 1}, locals: 2, body: program.stored.body("\x02\x02\xff")})
	run := program.Start(t.Context(), lazy.Object(), newPods())
	defer run.End()
	want := "read program, 0 bytes before its end: 255 is not an operation"
	if _, err := run.Call("data.example.wrong"); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// FuzzStoredProgram reads any bytes as a program: they are refused, or a program that is written and read as itself.
func FuzzStoredProgram(f *testing.F) {
	encoded, err := compileExample(f, "names", "phase", "twins").Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(encoded))
	f.Fuzz(func(t *testing.T, encoded string) {
		program, err := Decode(encoded)
		if err != nil {
			return
		}
		written, err := program.Encode()
		if err != nil {
			return
		}
		again, err := Decode(string(written))
		if err != nil {
			t.Fatal(err)
		}
		rewritten, err := again.Encode()
		if err != nil || string(rewritten) != string(written) {
			t.Errorf("%v: %q was read as %q", err, written, rewritten)
		}
	})
}
