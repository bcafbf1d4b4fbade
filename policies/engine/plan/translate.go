package plan

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
)

// function is a rule or a function of Rego. Its first two parameters are input and data.
type function struct {
	index int
	path  string
	// dynamic is the key under which a call finds it that names it by values; empty where none can.
	dynamic string
	params  []int
	// inOrder are the operands of a caller whose locals are the arguments.
	inOrder []int
	locals  int
	// body returns what is carried out.
	body func() ([]block, error)
	// substitute is carried out in the place of the body; nil where there is none.
	substitute Substitute
}

type block []instruction

// instruction is one step. Operands that are negative are constants, by their complement; others are locals.
type instruction struct {
	op           opcode
	a, b, target int
	// blocks are what is carried out within: several one after the other for opBlock, else one.
	blocks []block
	// called is the function that opCall calls, and the one that opAssignOnce is a step of.
	called  *function
	builtin *builtin
	args    []int
	// path is what opWith replaces, as constants.
	path []int
	at   *ast.Location
}

type opcode uint8

const (
	opBlock opcode = iota
	opBreak
	opReturn
	opCall
	opCallBuiltin
	opCallDynamic
	opScan
	opNot
	opWith
	opDot
	opLen
	opAssign
	opAssignOnce
	opReset
	opMakeArray
	opMakeObject
	opMakeSet
	opArray
	opObject
	opSet
	opCollect
	opAppend
	opInsert
	opInsertOnce
	opMerge
	opAdd
	opEqual
	opNotEqual
	opIsArray
	opIsObject
	opIsSet
	opIsDefined
	opIsUndefined
	opResult
)

// translator makes a Program of a plan.
type translator struct {
	policy    *ir.Policy
	program   *Program
	byName    map[string]*function
	builtins  map[string]*builtin
	files     []string
	constants constants
	// current is the function that is being translated, folded are the locals of its current body.
	current *function
	folded  folded
	// unknown is an error about an operand of a kind that OPA's plans do not have.
	unknown error
}

func translate(policy *ir.Policy) (*translator, error) {
	t := &translator{
		policy:   policy,
		program:  newProgram(),
		byName:   map[string]*function{},
		builtins: map[string]*builtin{},
	}
	for _, file := range policy.Static.Files {
		t.files = append(t.files, file.Value)
	}
	if err := t.declareBuiltins(); err != nil {
		return nil, err
	}
	t.declareFunctions()
	for index, source := range policy.Funcs.Funcs {
		if err := t.function(t.program.functions[index], source); err != nil {
			return nil, fmt.Errorf("plan %s: %w", source.Name, err)
		}
	}
	if err := cmp.Or(t.unknown, t.constants.failed); err != nil {
		return nil, err
	}
	t.program.machines.constants = t.constants.known()
	t.program.machines.dynamic = t.program.dynamic
	return t, nil
}

func (t *translator) declareBuiltins() error {
	for _, builtin := range t.policy.Static.BuiltinFuncs {
		found, err := newBuiltin(builtin.Name)
		if err != nil {
			return err
		}
		t.builtins[builtin.Name] = found
	}
	return nil
}

// declareFunctions comes before their translation: they call each other.
func (t *translator) declareFunctions() {
	for index, source := range t.policy.Funcs.Funcs {
		declared := &function{index: index, path: source.Name}
		for order, param := range source.Params {
			declared.params = append(declared.params, int(param))
			declared.inOrder = append(declared.inOrder, order)
		}
		if source.Path != nil {
			declared.dynamic = dynamicKey(source.Path)
		}
		t.program.declare(declared)
		t.byName[source.Name] = declared
	}
}

// declare makes a function known.
func (p *Program) declare(declared *function) {
	p.functions = append(p.functions, declared)
	// The generation, which counts replacements around, comes first in both.
	if path, ok := strings.CutPrefix(declared.path, "g0."); ok {
		p.byPath[path] = declared
	}
	if declared.dynamic != "" {
		p.dynamic[declared.dynamic] = declared
	}
}

func dynamicKey(path []string) string { return strings.Join(path, "\x00") }

func (t *translator) function(into *function, source *ir.Func) error {
	t.current = into
	blocks, err := t.bodies(source.Blocks, source.Return)
	if err != nil {
		return err
	}
	into.body = func() ([]block, error) { return blocks, nil }
	into.locals = localsOf(blocks, max(int(source.Return), into.params[len(into.params)-1])+1)
	return nil
}

func (t *translator) blocks(source []*ir.Block) ([]block, error) {
	blocks := make([]block, 0, len(source))
	for _, each := range source {
		made, err := t.block(each)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, made)
	}
	return blocks, nil
}

func (t *translator) block(source *ir.Block) (block, error) {
	made := make(block, 0, len(source.Stmts))
	for _, statement := range source.Stmts {
		if step, full, belongs := t.folded.translate(t, statement); belongs {
			if full {
				made = append(made, step)
			}
			continue
		}
		step, err := t.statement(statement)
		if err != nil {
			return nil, err
		}
		if collects(made, step) {
			// An array that a comprehension fills is an array only when it is full.
			last := &made[len(made)-1]
			last.op, last.blocks = opCollect, step.blocks
			continue
		}
		made = append(made, step)
	}
	return made, nil
}

// collects reports whether the step fills the array that the one before it makes.
func collects(before block, step instruction) bool {
	if len(before) == 0 || step.op != opBlock {
		return false
	}
	made := before[len(before)-1]
	return made.op == opMakeArray && made.a == 0 && appends(step.blocks, made.target)
}

func appends(blocks []block, array int) bool {
	for _, each := range blocks {
		for _, step := range each {
			if step.op == opAppend && step.target == array || appends(step.blocks, array) {
				return true
			}
		}
	}
	return false
}

// localsOf is how many locals these blocks use, at least so many.
func localsOf(blocks []block, least int) int {
	for _, each := range blocks {
		for _, step := range each {
			least = max(least, step.a+1, step.b+1, step.target+1)
			for _, arg := range step.args {
				least = max(least, arg+1)
			}
			least = localsOf(step.blocks, least)
		}
	}
	return least
}

// location says where in Rego a statement comes from.
func (t *translator) location(statement ir.Stmt) *ast.Location {
	from := statement.GetLocation()
	if from.File < 0 || from.File >= len(t.files) {
		return nil
	}
	return ast.NewLocation(nil, t.files[from.File], from.Row, from.Col)
}
