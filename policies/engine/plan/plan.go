// Package plan evaluates compiled Rego as a program. OPA's planner turns the rules into its intermediate representation
// (github.com/open-policy-agent/opa/v1/ir), which OPA compiles to WebAssembly; this package runs it
// out on OPA's values with OPA's built-in functions. The meaning is OPA's: a test runs OPA's compliance suite.
//
// It is several times as fast as OPA's evaluator, which searches the bindings of every expression again. What it cannot
// do is trace, and to replace parts of data that are looked up (see Source) by `with`.
package plan

import (
	"context"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// Program holds rules, ready to run. It is safe for concurrent use.
type Program struct {
	functions []*function
	// byPath finds the rules and functions that nothing is replaced in, by their path: "data.example.allow".
	byPath map[string]*function
	// dynamic finds what a call names by values only, by generation and path.
	dynamic map[string]*function
	// ReplacesData is true where a rule replaces a part of data by `with`.
	ReplacesData bool
	machines     machines
	// stored is what the program is read from; nil for one that was compiled.
	stored *stored
}

func newProgram() *Program {
	return &Program{byPath: map[string]*function{}, dynamic: map[string]*function{}}
}

// Compile plans the rules and functions at these paths ("data.example.allow") with all that they need. An error means
// that a path is unknown, or that a rule has a form that OPA's planner does not take.
func Compile(ctx context.Context, compiler *ast.Compiler, paths []string) (*Program, error) {
	policy, err := plan(ctx, compiler, entrypoints(paths, compiler))
	if err != nil {
		return nil, err
	}
	translated, err := translate(policy)
	if err != nil {
		return nil, err
	}
	program := translated.program
	for _, path := range paths {
		if program.byPath[path] == nil {
			return nil, fmt.Errorf("plan %s: no such rule or function", path)
		}
	}
	return program, nil
}

// Run is one evaluation: what a rule says of it is found once.
type Run struct {
	program *Program
	machine *machine
	input   lazy.Value
	data    lazy.Value
}

// Start begins an evaluation; End must follow. An error of a built-in function ends it, as with OPA's strict mode.
func (p *Program) Start(ctx context.Context, input lazy.Value, data Source) *Run {
	run := &Run{program: p, machine: p.machines.get(len(p.functions)), input: input, data: dataOf(ctx, data)}
	run.machine.begin(ctx, true)
	return run
}

// End gives back what the evaluation held. Values that it returned stay good.
func (r *Run) End() { r.program.machines.put(r.machine) }

// Resume continues the evaluation after an error of Call. Results from before the error still count.
func (r *Run) Resume() { r.machine.err = nil }

// Call returns the value of a rule, or of a function for these arguments; nil where it is undefined.
func (r *Run) Call(path string, args ...lazy.Value) (ast.Value, error) {
	called := r.program.byPath[path]
	if called == nil {
		return nil, fmt.Errorf("evaluate %s: it was not planned", path)
	}
	result := r.machine.force(r.machine.call(called, called.inOrder, append([]lazy.Value{r.input, r.data}, args...)))
	if r.machine.err != nil || result == nil {
		return nil, r.machine.err
	}
	return result.Value, nil
}

// Steps is how many steps of the program the evaluation took so far: the same for the same question, on any machine.
func (r *Run) Steps() int { return r.machine.steps }

// conflict is OPA's error for two values where there can be but one.
func conflict(at *ast.Location, what string) error {
	return &topdown.Error{Code: topdown.ConflictErr, Message: what, Location: at}
}

// conflicting says that a rule or function has several values.
func (f *function) conflicting() string {
	_, path, _ := strings.Cut(f.path, ".")
	if len(f.params) == 2 {
		return "rule " + path + " produced conflicting values"
	}
	return "function " + path + " produced conflicting values for the same inputs"
}
