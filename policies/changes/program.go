package changes

import (
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// function is a function or a rule of the program.
type function struct {
	// all are the definitions, rules those without a default and other forms.
	all, rules []*ast.Rule
	// fallback is what a `default` says, nil for none.
	fallback *ast.Rule
	arity    int
	// partial is true for a rule whose definitions contribute elements, opaque for other forms that are not looked into.
	partial, opaque bool
}

// functionsOf are the functions and rules of a compiled program by their paths.
func functionsOf(compiler *ast.Compiler) map[string]*function {
	functions := map[string]*function{}
	for _, module := range compiler.Modules {
		for _, rule := range module.Rules {
			path := rule.Ref().GroundPrefix().String()
			known := functions[path]
			if known == nil {
				known = &function{arity: len(rule.Head.Args)}
				functions[path] = known
			}
			known.add(rule)
		}
	}
	return functions
}

func (f *function) add(rule *ast.Rule) {
	f.all = append(f.all, rule)
	switch {
	case rule.Default:
		f.fallback = rule
	case len(rule.Ref().GroundPrefix()) != len(rule.Ref()):
		f.opaque = true
	case rule.Head.RuleKind() == ast.MultiValue:
		f.partial = true
		f.rules = append(f.rules, rule)
	default:
		f.rules = append(f.rules, rule)
	}
}

// ruleOf finds the function or rule that a reference begins with, and the rest of the reference.
func (p *prover) ruleOf(ref ast.Ref) (path string, rest []*ast.Term) {
	if !ref.HasPrefix(ast.DefaultRootRef) {
		return "", nil
	}
	for length := len(ref.ConstantPrefix()); length > 1; length-- {
		if name := ref[:length].String(); p.functions[name] != nil {
			return name, ref[length:]
		}
	}
	return "", nil
}

// hasOutput reports whether the last operand of a call gets its result.
func (p *prover) hasOutput(expr *ast.Expr) bool {
	name := expr.Operator().String()
	if function := p.functions[name]; function != nil {
		return len(expr.Operands()) > function.arity
	}
	builtin := ast.BuiltinMap[name]
	return builtin == nil || len(expr.Operands()) > builtin.Decl.Arity()
}

// constantOf is the value of a rule that has the same in every request, nil for others.
func (p *prover) constantOf(path string) ast.Value {
	if value, known := p.constants[path]; known {
		return value
	}
	p.constants[path] = nil
	function := p.functions[path]
	if function.arity > 0 || function.opaque || function.partial || function.fallback != nil || len(function.rules) != 1 || function.rules[0].Else != nil {
		return nil
	}
	rule := function.rules[0]
	for _, expr := range rule.Body {
		if expr.Negated || len(expr.With) > 0 || !isTrue(expr) && !expr.IsEquality() {
			return nil
		}
	}
	var values []*term
	p.body(rule.Body, nil, state{}, func(scope *variables, at state) bool {
		return p.eval(rule.Head.Value, scope, at, func(value *term, _ *variables, at state) bool {
			if at.isPlain() {
				values = append(values, value)
			}
			return true
		})
	})
	if len(values) == 1 && values[0].kind == constant {
		p.constants[path] = values[0].value
	}
	return p.constants[path]
}

func isTrue(expr *ast.Expr) bool {
	literal, ok := expr.Terms.(*ast.Term)
	return ok && literal.Value.Compare(ast.Boolean(true)) == 0
}

// capturedVar is the variable of a comprehension for one of its arguments.
func capturedVar(index int) ast.Var { return ast.Var(fmt.Sprintf("captured#%d", index)) }

// capture makes a term of a comprehension: its code, and the values that it takes from around it. Code that differs only in
// the names of its variables is the same.
func (p *prover) capture(code ast.Value, around *variables) *term {
	captured := &captures{prover: p, around: around, names: map[ast.Var]ast.Var{}}
	written, err := ast.Transform(captured, ast.NewTerm(code).Copy().Value)
	value, ok := written.(ast.Value)
	if err != nil || !ok {
		return p.fresh()
	}
	return p.made(term{kind: comprehension, name: fmt.Sprint(value), args: captured.args, code: value})
}

// captures replaces variables of a comprehension.
type captures struct {
	prover *prover
	around *variables
	args   []*term
	names  map[ast.Var]ast.Var
}

// Transform implements ast.Transformer.
func (c *captures) Transform(node any) (any, error) {
	switch value := node.(type) {
	case ast.Ref:
		return c.ref(value), nil
	case ast.Var:
		return c.name(value), nil
	default:
		return node, nil
	}
}

// ref replaces the longest part of a reference whose value is known by one variable.
func (c *captures) ref(ref ast.Ref) ast.Value {
	name, isVar := ref[0].Value.(ast.Var)
	if !isVar {
		return ref
	}
	value := c.around.find(name)
	if value == nil {
		return ref
	}
	length := 1
	for ; length < len(ref); length++ {
		if !ast.IsConstant(ref[length].Value) {
			break
		}
		below, known := c.prover.lookUp(value, c.prover.constant(ref[length].Value))
		if !known || below == nil {
			break
		}
		value = below
	}
	if length == len(ref) {
		return c.argument(value)
	}
	// The head is visited once more.
	made := ast.Ref{ast.NewTerm(visited + c.argument(value))}
	return append(made, ref[length:]...)
}

func (c *captures) argument(value *term) ast.Var {
	for index, known := range c.args {
		if known == value {
			return capturedVar(index)
		}
	}
	c.args = append(c.args, value)
	return capturedVar(len(c.args) - 1)
}

// visited marks a name that is to stay.
const visited = ast.Var("*")

func (c *captures) name(name ast.Var) ast.Var {
	if done, ok := strings.CutPrefix(string(name), string(visited)); ok {
		return ast.Var(done)
	}
	if value := c.around.find(name); value != nil {
		return c.argument(value)
	}
	if !isLocal(name) {
		return name
	}
	if c.names[name] == "" {
		c.names[name] = ast.Var(fmt.Sprintf("%s%d", local, len(c.names)))
	}
	return c.names[name]
}

// local begins the names of variables of captured comprehensions; like those of their arguments, no user can write them.
const local = "local#"

// isLocal reports whether a variable is one of the compiler's, or of a comprehension that was captured.
func isLocal(name ast.Var) bool {
	return name.IsGenerated() || name.IsWildcard() || strings.HasPrefix(string(name), local)
}
