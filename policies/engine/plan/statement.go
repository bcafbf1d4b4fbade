package plan

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
)

// statement translates one statement of OPA's plan.
func (t *translator) statement(statement ir.Stmt) (instruction, error) {
	switch s := statement.(type) {
	case *ir.BlockStmt:
		blocks, err := t.blocks(s.Blocks)
		return instruction{op: opBlock, blocks: blocks}, err
	case *ir.NotStmt:
		return t.within(instruction{op: opNot}, s.Block)
	case *ir.ScanStmt:
		return t.within(instruction{op: opScan, target: t.local(s.Source), a: int(s.Key), b: int(s.Value)}, s.Block)
	case *ir.WithStmt:
		return t.with(s)
	case *ir.CallStmt:
		return t.call(s)
	case *ir.CallDynamicStmt:
		return instruction{op: opCallDynamic, target: int(s.Result), args: t.operands(s.Path), a: t.local(s.Args[0]), b: t.local(s.Args[1])}, nil
	case *ir.BreakStmt:
		return instruction{op: opBreak, a: int(s.Index)}, nil
	case *ir.NopStmt:
		return instruction{op: opBlock}, nil
	case *ir.ReturnLocalStmt:
		return instruction{op: opReturn, a: t.local(s.Source)}, nil
	case *ir.ResultSetAddStmt:
		return instruction{op: opResult, a: t.local(s.Value)}, nil
	}
	if step, ok := t.test(statement); ok {
		return step, nil
	}
	if step, ok := t.make(statement); ok {
		return step, nil
	}
	if step, ok := t.build(statement); ok {
		return step, nil
	}
	return instruction{}, fmt.Errorf("translate statement %T: it is not known here", statement)
}

// test translates statements that continue or leave the block.
func (t *translator) test(statement ir.Stmt) (instruction, bool) {
	switch s := statement.(type) {
	case *ir.EqualStmt:
		return instruction{op: opEqual, a: t.operand(s.A), b: t.operand(s.B)}, true
	case *ir.NotEqualStmt:
		return instruction{op: opNotEqual, a: t.operand(s.A), b: t.operand(s.B)}, true
	case *ir.IsArrayStmt:
		return instruction{op: opIsArray, a: t.operand(s.Source)}, true
	case *ir.IsObjectStmt:
		return instruction{op: opIsObject, a: t.operand(s.Source)}, true
	case *ir.IsSetStmt:
		return instruction{op: opIsSet, a: t.operand(s.Source)}, true
	case *ir.IsDefinedStmt:
		return instruction{op: opIsDefined, a: t.local(s.Source)}, true
	case *ir.IsUndefinedStmt:
		return instruction{op: opIsUndefined, a: t.local(s.Source)}, true
	case *ir.DotStmt:
		return instruction{op: opDot, a: t.operand(s.Source), b: t.operand(s.Key), target: int(s.Target)}, true
	}
	return instruction{}, false
}

// make translates what gives a local its value.
func (t *translator) make(statement ir.Stmt) (instruction, bool) {
	constant := func(value *ast.Term, target ir.Local) (instruction, bool) {
		return instruction{op: opAssign, a: t.constants.add(value), target: int(target)}, true
	}
	switch s := statement.(type) {
	case *ir.AssignVarStmt:
		return instruction{op: opAssign, a: t.operand(s.Source), target: int(s.Target)}, true
	case *ir.AssignVarOnceStmt:
		return instruction{op: opAssignOnce, a: t.operand(s.Source), target: int(s.Target), called: t.current, at: t.location(s)}, true
	case *ir.AssignIntStmt:
		return constant(ast.InternedTerm(int(s.Value)), s.Target)
	case *ir.MakeNullStmt:
		return constant(ast.InternedNullTerm, s.Target)
	case *ir.MakeNumberIntStmt:
		return constant(ast.InternedTerm(int(s.Value)), s.Target)
	case *ir.MakeNumberRefStmt:
		return constant(ast.NewTerm(ast.Number(t.policy.Static.Strings[s.Index].Value)), s.Target)
	case *ir.ResetLocalStmt:
		return instruction{op: opReset, target: int(s.Target)}, true
	case *ir.LenStmt:
		return instruction{op: opLen, a: t.operand(s.Source), target: int(s.Target)}, true
	}
	return instruction{}, false
}

// build translates what makes collections.
func (t *translator) build(statement ir.Stmt) (instruction, bool) {
	switch s := statement.(type) {
	case *ir.MakeArrayStmt:
		return instruction{op: opMakeArray, a: int(s.Capacity), target: int(s.Target)}, true
	case *ir.MakeObjectStmt:
		return instruction{op: opMakeObject, target: int(s.Target)}, true
	case *ir.MakeSetStmt:
		return instruction{op: opMakeSet, target: int(s.Target)}, true
	case *ir.ArrayAppendStmt:
		return instruction{op: opAppend, a: t.operand(s.Value), target: int(s.Array)}, true
	case *ir.SetAddStmt:
		return instruction{op: opAdd, a: t.operand(s.Value), target: int(s.Set)}, true
	case *ir.ObjectInsertStmt:
		return instruction{op: opInsert, a: t.operand(s.Key), b: t.operand(s.Value), target: int(s.Object)}, true
	case *ir.ObjectInsertOnceStmt:
		return instruction{op: opInsertOnce, a: t.operand(s.Key), b: t.operand(s.Value), target: int(s.Object), at: t.location(s)}, true
	case *ir.ObjectMergeStmt:
		return instruction{op: opMerge, a: t.local(s.A), b: t.local(s.B), target: int(s.Target)}, true
	}
	return instruction{}, false
}

func (t *translator) within(step instruction, source *ir.Block) (instruction, error) {
	made, err := t.block(source)
	step.blocks = []block{made}
	return step, err
}

func (t *translator) with(s *ir.WithStmt) (instruction, error) {
	step := instruction{op: opWith, a: t.operand(s.Value), target: int(s.Local)}
	for _, index := range s.Path {
		step.path = append(step.path, t.constants.add(ast.StringTerm(t.policy.Static.Strings[index].Value)))
	}
	if s.Local == ir.Data && len(s.Path) > 0 {
		t.program.ReplacesData = true
	}
	return t.within(step, s.Block)
}

func (t *translator) call(s *ir.CallStmt) (instruction, error) {
	step := instruction{op: opCall, target: int(s.Result), args: t.operands(s.Args)}
	if step.called = t.byName[s.Func]; step.called != nil {
		return step, nil
	}
	step.op, step.at = opCallBuiltin, t.location(s)
	if step.builtin = t.builtins[s.Func]; step.builtin == nil {
		return step, fmt.Errorf("translate call of %s: no such function", s.Func)
	}
	return step, nil
}

func (t *translator) operands(source []ir.Operand) []int {
	operands := make([]int, 0, len(source))
	for _, each := range source {
		operands = append(operands, t.operand(each))
	}
	return operands
}

func (t *translator) operand(source ir.Operand) int {
	switch value := source.Value.(type) {
	case ir.Local:
		return t.local(value)
	case ir.StringIndex:
		return t.constants.add(ast.StringTerm(t.policy.Static.Strings[value].Value))
	case ir.Bool:
		return t.constants.add(ast.InternedTerm(bool(value)))
	}
	t.unknown = fmt.Errorf("translate operand %T: it is not known here", source.Value)
	return 0
}

// local is the operand of a local, or of the constant that it always holds.
func (t *translator) local(source ir.Local) int {
	if constant := t.folded.constants[source]; constant != nil {
		return t.constants.add(constant)
	}
	return int(source)
}
