package plan

import "github.com/open-policy-agent/opa/v1/ir"

// gather returns what fills a collection, where all of it can be put in at once; nil where it cannot: some of it is put in
// under a condition or many times, or is another value by the time of the last.
func (u *uses) gather(local ir.Local) (fills []ir.Stmt) {
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

// literal translates a statement that belongs to a literal. There is a step only where a gathered one is full.
func (l literals) literal(t *translator, statement ir.Stmt) (step instruction, steps, belongs bool) {
	local, ok := collectionOf(statement)
	if !ok {
		return instruction{}, false, false
	}
	if l.constant[local] != nil {
		return instruction{}, false, true
	}
	fills := l.gathered[local]
	if fills == nil {
		return instruction{}, false, false
	}
	if statement != fills[len(fills)-1] {
		return instruction{}, false, true
	}
	return t.gathered(int(local), fills), true, true
}

// gathered makes a collection with all that is in it.
func (t *translator) gathered(target int, fills []ir.Stmt) instruction {
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

// collectionOf is the local that a statement makes without looking at others, or fills.
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
