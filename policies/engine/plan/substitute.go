package plan

import "github.com/stateward/stateward/policies/engine/lazy"

// Substitute is a function of Rego that is written in Go as well, and must say the same. Where
// it is not done, Rego's own function is carried out, so that it can leave what is rare, or wrong, to that. A value of nil is
// undefined.
type Substitute = func(call Calls, args []lazy.Value) (value lazy.Value, done bool)

// Calls calls a function of Rego by its path; nil is undefined, or an error, which ends the evaluation.
type Calls = func(path string, args ...lazy.Value) lazy.Value

// Replace puts functions of Go in the place of those of Rego, by their path ("data.example.level"). It must come before
// the first evaluation. A path that the program does not hold is left out: nothing calls it.
func (p *Program) Replace(substitutes map[string]Substitute) {
	for path, substitute := range substitutes {
		if replaced := p.byPath[path]; replaced != nil {
			replaced.substitute = substitute
		}
	}
	p.machines.byPath = p.byPath
}

// substituted carries out the function of Go, if there is one.
func (m *machine) substituted(called *function, frame []lazy.Value) (value lazy.Value, done bool) {
	if called.substitute == nil {
		return nil, false
	}
	args := make([]lazy.Value, 0, len(called.params))
	for _, param := range called.params {
		args = append(args, frame[param])
	}
	calls := func(path string, further ...lazy.Value) lazy.Value {
		within := m.byPath[path]
		if within == nil {
			return nil
		}
		return m.call(within, within.inOrder, append(args[:2:2], further...))
	}
	value, done = called.substitute(calls, args[2:])
	return value, done || m.err != nil
}
