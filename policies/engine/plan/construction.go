package plan

import "github.com/open-policy-agent/opa/v1/ir"

// construction returns the statements that fill a collection, if one step can do so. It returns nil if a statement runs under a
// condition or many times, or if an operand changes before the last statement.
func (u *defUse) construction(local ir.Local) (fills []ir.Stmt) {
	for _, fill := range u.fills[local] {
		if fill.block != u.made[local].block {
			return nil
		}
		var operands []ir.Operand
		switch s := fill.statement.(type) {
		case *ir.ArrayAppendStmt:
			operands = []ir.Operand{s.Value}
		case *ir.SetAddStmt:
			operands = []ir.Operand{s.Value}
		case *ir.ObjectInsertStmt:
			operands = []ir.Operand{s.Key, s.Value}
		default:
			return nil
		}
		for _, operand := range operands {
			if from, ok := operand.Value.(ir.Local); ok && u.writes[from] > 1 {
				return nil
			}
		}
		fills = append(fills, fill.statement)
	}
	return fills
}

// translate translates a statement that creates or fills a folded local. Only the last statement of a construction becomes a
// step.
func (l folded) translate(t *translator, statement ir.Stmt) (step instruction, steps, belongs bool) {
	local, ok := collectionOf(statement)
	if !ok {
		return instruction{}, false, false
	}
	if l.constants[local] != nil {
		return instruction{}, false, true
	}
	fills := l.constructed[local]
	if fills == nil {
		return instruction{}, false, false
	}
	if statement != fills[len(fills)-1] {
		return instruction{}, false, true
	}
	return t.construct(int(local), fills), true, true
}

// construct returns the step that builds a collection with its elements.
func (t *translator) construct(target int, fills []ir.Stmt) instruction {
	step := instruction{target: target}
	for _, fill := range fills {
		switch s := fill.(type) {
		case *ir.ArrayAppendStmt:
			step.op, step.args = opArray, append(step.args, t.operand(s.Value))
		case *ir.SetAddStmt:
			step.op, step.args = opSet, append(step.args, t.operand(s.Value))
		case *ir.ObjectInsertStmt:
			step.op, step.args = opObject, append(step.args, t.operand(s.Key), t.operand(s.Value))
		}
	}
	return step
}

// collectionOf returns the local that a statement creates without operands, or fills.
func collectionOf(statement ir.Stmt) (ir.Local, bool) {
	switch s := statement.(type) {
	case *ir.MakeNullStmt:
		return s.Target, true
	case *ir.MakeNumberIntStmt:
		return s.Target, true
	case *ir.MakeNumberRefStmt:
		return s.Target, true
	case *ir.MakeArrayStmt:
		return s.Target, true
	case *ir.MakeObjectStmt:
		return s.Target, true
	case *ir.MakeSetStmt:
		return s.Target, true
	case *ir.ArrayAppendStmt:
		return s.Array, true
	case *ir.SetAddStmt:
		return s.Set, true
	case *ir.ObjectInsertStmt:
		return s.Object, true
	}
	return 0, false
}
