package changes

import (
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// read is a path below an argument that a function may read, and all below that path. Its result may depend on nothing else of the
// argument, besides its being an object where shaped is true.
type read struct {
	path   []string
	shaped bool
}

// everything is the argument as a whole.
func everything() []read { return []read{{}} }

// reads returns what a function or comprehension may read of an argument.
func (p *prover) reads(called *term, index int) []read {
	if called.kind == comprehension {
		return p.readsOfCode(called.code, capturedVar(index))
	}
	values := make([]ast.Value, len(called.args))
	for index, arg := range called.args {
		if arg.kind == constant {
			values[index] = arg.value
		}
	}
	return p.readsOfCall(called.name, index, values)
}

// readsOfCall is reads of a function; constants are the arguments that are known, nil for others.
func (p *prover) readsOfCall(name string, index int, constants []ast.Value) []read {
	function := p.functions[name]
	if function == nil {
		return readsOfBuiltin(name, index, constants)
	}
	key := fmt.Sprint(name, index, constants)
	if known, ok := p.readings[key]; ok {
		return known
	}
	var found []read
	for _, rule := range function.rules {
		for branch := rule; branch != nil; branch = branch.Else {
			found = append(found, p.readsOfRule(rule.Head.Args, branch, index, constants)...)
		}
	}
	p.readings[key] = found
	return found
}

func (p *prover) readsOfRule(args ast.Args, branch *ast.Rule, index int, constants []ast.Value) []read {
	if index >= len(args) {
		return everything()
	}
	name, isVar := args[index].Value.(ast.Var)
	if !isVar {
		return everything()
	}
	known := map[ast.Var]ast.Value{}
	for at, arg := range args {
		if other, ok := arg.Value.(ast.Var); ok && at < len(constants) && constants[at] != nil {
			known[other] = constants[at]
		}
	}
	reader := p.newReader(name, known, branch)
	reader.body(branch.Body)
	reader.term(branch.Head.Value)
	reader.term(branch.Head.Key)
	return reader.found
}

func (p *prover) readsOfCode(code ast.Value, name ast.Var) []read {
	reader := p.newReader(name, map[ast.Var]ast.Value{}, code)
	reader.term(ast.NewTerm(code))
	return reader.found
}

// readsOfBuiltin knows the built-in functions that read a part of an object; any other may read all of its arguments.
func readsOfBuiltin(name string, index int, constants []ast.Value) []read {
	if index != 0 || len(constants) < 2 || constants[1] == nil {
		return everything()
	}
	switch name {
	case ast.ObjectGet.Name:
		if keys, ok := keysOf(constants[1]); ok {
			return []read{{path: keys, shaped: true}}
		}
	case ast.ObjectFilter.Name:
		if keys, ok := keysOf(constants[1]); ok {
			var found []read
			for _, key := range keys {
				found = append(found, read{path: []string{key}, shaped: true})
			}
			return found
		}
	}
	return everything()
}

// reader collects what code reads of a variable.
type reader struct {
	prover *prover
	// names are the variable and those that have its value, constants the variables with a known value.
	names     map[ast.Var]bool
	constants map[ast.Var]ast.Value
	// uses counts where a variable occurs other than as the head of a reference.
	uses  map[ast.Var]int
	found []read
}

func (p *prover) newReader(name ast.Var, constants map[ast.Var]ast.Value, code any) *reader {
	made := &reader{prover: p, names: map[ast.Var]bool{name: true}, constants: constants, uses: map[ast.Var]int{}}
	ast.WalkExprs(code, func(expr *ast.Expr) bool {
		made.count(expr)
		return false
	})
	return made
}

// count counts the places of an expression where a variable may get its value.
func (r *reader) count(expr *ast.Expr) {
	operands := []*ast.Term{}
	switch {
	case expr.IsEquality():
		operands = expr.Operands()
	case expr.IsCall() && r.prover.hasOutput(expr):
		operands = expr.Operands()[len(expr.Operands())-1:]
	}
	for _, operand := range operands {
		if _, isRef := operand.Value.(ast.Ref); isRef {
			continue
		}
		ast.WalkVars(operand, func(name ast.Var) bool {
			r.uses[name]++
			return false
		})
	}
	ast.WalkRefs(expr, func(ref ast.Ref) bool {
		for _, key := range ref[1:] {
			if name, ok := key.Value.(ast.Var); ok {
				r.uses[name]++
			}
		}
		return false
	})
}

func (r *reader) read(found read) { r.found = append(r.found, found) }

func (r *reader) body(body ast.Body) {
	for _, expr := range body {
		r.expr(expr)
	}
}

func (r *reader) expr(expr *ast.Expr) {
	for _, with := range expr.With {
		r.term(with.Value)
	}
	switch terms := expr.Terms.(type) {
	case *ast.Term:
		r.term(terms)
	case *ast.SomeDecl:
	case *ast.Every:
		r.term(terms.Domain)
		r.body(terms.Body)
	case []*ast.Term:
		if expr.Negated || len(expr.With) > 0 || !expr.IsEquality() || !r.aliases(terms[1], terms[2]) && !r.aliases(terms[2], terms[1]) {
			r.call(terms[0].String(), terms[1:])
		}
	default:
		r.read(read{})
	}
}

// aliases notes a variable that only gets the value of another, or of a constant.
func (r *reader) aliases(left, right *ast.Term) bool {
	name, isVar := left.Value.(ast.Var)
	if !isVar || r.uses[name] != 1 || r.names[name] {
		return false
	}
	if other, ok := right.Value.(ast.Var); ok && r.names[other] {
		r.names[name] = true
		return true
	}
	if value := r.constant(right); value != nil {
		r.constants[name] = value
		return true
	}
	return false
}

// constant returns nil for a term whose value is not known.
func (r *reader) constant(of *ast.Term) ast.Value {
	switch value := of.Value.(type) {
	case ast.Var:
		return r.constants[value]
	case ast.Ref:
		if found, rest := r.prover.ruleOf(value); found != "" && len(rest) == 0 {
			return r.prover.constantOf(found)
		}
		return nil
	default:
		if ast.IsConstant(value) {
			return value
		}
		return nil
	}
}

func (r *reader) call(name string, operands []*ast.Term) {
	constants := make([]ast.Value, len(operands))
	for index, operand := range operands {
		constants[index] = r.constant(operand)
	}
	for index, operand := range operands {
		if variable, ok := operand.Value.(ast.Var); ok && r.names[variable] {
			r.found = append(r.found, r.prover.readsOfCall(name, index, constants)...)
			continue
		}
		r.term(operand)
	}
}

func (r *reader) term(of *ast.Term) {
	if of == nil {
		return
	}
	switch value := of.Value.(type) {
	case ast.Var:
		if r.names[value] {
			r.read(read{})
		}
	case ast.Ref:
		r.ref(value)
	case *ast.Array:
		value.Foreach(r.term)
	case ast.Set:
		value.Foreach(r.term)
	case ast.Object:
		value.Foreach(func(key, element *ast.Term) {
			r.term(key)
			r.term(element)
		})
	case *ast.ArrayComprehension:
		r.comprehension(value.Body, value.Term)
	case *ast.SetComprehension:
		r.comprehension(value.Body, value.Term)
	case *ast.ObjectComprehension:
		r.comprehension(value.Body, value.Key, value.Value)
	case ast.Call:
		r.call(value[0].String(), value[1:])
	case ast.Null, ast.Boolean, ast.Number, ast.String:
	default:
		r.read(read{})
	}
}

func (r *reader) comprehension(body ast.Body, heads ...*ast.Term) {
	r.body(body)
	for _, head := range heads {
		r.term(head)
	}
}

// ref reads up to the first key that is not known.
func (r *reader) ref(ref ast.Ref) {
	if name, isVar := ref[0].Value.(ast.Var); isVar && r.names[name] {
		var path []string
		for _, key := range ref[1:] {
			text, ok := r.constant(key).(ast.String)
			if !ok {
				break
			}
			path = append(path, string(text))
		}
		r.read(read{path: path})
	}
	for _, key := range ref[1:] {
		r.term(key)
	}
}

// within reports whether all that is read below a path belongs to fields.
func within(fields [][]string, path []string, reads []read) bool {
	return !slices.ContainsFunc(reads, func(each read) bool {
		// The root of both versions is an object.
		return each.shaped && len(path) > 0 || !covers(fields, append(slices.Clone(path), each.path...))
	})
}

// covers reports whether a path is one of the fields or below it.
func covers(fields [][]string, path []string) bool {
	return slices.ContainsFunc(fields, func(field []string) bool {
		return len(path) >= len(field) && slices.Equal(path[:len(field)], field)
	})
}
