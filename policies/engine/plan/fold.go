package plan

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
)

// literals are the locals of a body that need no step of their own.
type literals struct {
	// constant are those that always hold the same value: numbers and collections, which would be made anew each time
	// otherwise. The annotations that a rule asks for are such collections, and large.
	constant map[ir.Local]*ast.Term
	// gathered are collections that are made at once, with the statements that fill them: the last stands for all.
	gathered map[ir.Local][]ir.Stmt
}

// uses is what a body does with its locals.
type uses struct {
	// writes counts the statements that give a local its value.
	writes map[ir.Local]int
	// made is the statement that makes a value, in which block, and fills are those that put something into it.
	made  map[ir.Local]placed
	fills map[ir.Local][]placed
	order []ir.Local
}

// placed is a statement with the block that it stands in.
type placed struct {
	statement ir.Stmt
	block     *ir.Block
}

// bodies translates the blocks of a function, each with constants of its own: the planner uses its locals again for the
// next rule or else branch.
func (t *translator) bodies(source []*ir.Block, result ir.Local) ([]block, error) {
	made := make([]block, 0, len(source))
	for _, each := range source {
		if branches, ok := onlyBranches(each); ok {
			blocks, err := t.bodies(branches, result)
			if err != nil {
				return nil, err
			}
			made = append(made, block{{op: opBlock, blocks: blocks}})
			continue
		}
		t.literals = t.fold(each, result)
		body, err := t.block(each)
		if err != nil {
			return nil, err
		}
		made = append(made, body)
	}
	return made, nil
}

// onlyBranches are the bodies of a rule with else.
func onlyBranches(source *ir.Block) ([]*ir.Block, bool) {
	if len(source.Stmts) != 1 {
		return nil, false
	}
	branches, ok := source.Stmts[0].(*ir.BlockStmt)
	if !ok {
		return nil, false
	}
	return branches.Blocks, true
}

// fold finds the literals of a body. The result of the function is none: other bodies add to it.
func (t *translator) fold(body *ir.Block, result ir.Local) literals {
	seen := &uses{writes: map[ir.Local]int{result: 1}, made: map[ir.Local]placed{}, fills: map[ir.Local][]placed{}}
	seen.blocks([]*ir.Block{body})
	found := literals{constant: map[ir.Local]*ast.Term{}, gathered: map[ir.Local][]ir.Stmt{}}
	// What is within another literal is made after that, so the last comes first.
	for index := len(seen.order) - 1; index >= 0; index-- {
		local := seen.order[index]
		if seen.writes[local] != 1 {
			continue
		}
		if value := t.literal(seen.made[local], seen.fills[local], found.constant); value != nil {
			found.constant[local] = value
		} else if fills := seen.gather(local); fills != nil {
			found.gathered[local] = fills
		}
	}
	return found
}

func (u *uses) blocks(blocks []*ir.Block) {
	for _, block := range blocks {
		for _, statement := range block.Stmts {
			u.statement(placed{statement, block})
		}
	}
}

func (u *uses) statement(at placed) {
	switch s := at.statement.(type) {
	case *ir.BlockStmt:
		u.blocks(s.Blocks)
	case *ir.NotStmt:
		u.blocks([]*ir.Block{s.Block})
	case *ir.WithStmt:
		u.writes[s.Local]++
		u.blocks([]*ir.Block{s.Block})
	case *ir.ScanStmt:
		u.writes[s.Key]++
		u.writes[s.Value]++
		u.blocks([]*ir.Block{s.Block})
	case *ir.ArrayAppendStmt:
		u.fills[s.Array] = append(u.fills[s.Array], at)
	case *ir.SetAddStmt:
		u.fills[s.Set] = append(u.fills[s.Set], at)
	case *ir.ObjectInsertStmt:
		u.fills[s.Object] = append(u.fills[s.Object], at)
	case *ir.ObjectInsertOnceStmt:
		u.fills[s.Object] = append(u.fills[s.Object], at)
	default:
		u.write(at)
	}
}

func (u *uses) write(at placed) {
	switch s := at.statement.(type) {
	case *ir.MakeNullStmt:
		u.make(s.Target, at)
	case *ir.MakeNumberIntStmt:
		u.make(s.Target, at)
	case *ir.MakeNumberRefStmt:
		u.make(s.Target, at)
	case *ir.MakeArrayStmt:
		u.make(s.Target, at)
	case *ir.MakeObjectStmt:
		u.make(s.Target, at)
	case *ir.MakeSetStmt:
		u.make(s.Target, at)
	case *ir.CallStmt:
		u.writes[s.Result]++
	case *ir.CallDynamicStmt:
		u.writes[s.Result]++
	case *ir.DotStmt:
		u.writes[s.Target]++
	case *ir.LenStmt:
		u.writes[s.Target]++
	case *ir.AssignIntStmt:
		u.writes[s.Target]++
	case *ir.AssignVarStmt:
		u.writes[s.Target]++
	case *ir.AssignVarOnceStmt:
		u.writes[s.Target]++
	case *ir.ResetLocalStmt:
		u.writes[s.Target]++
	case *ir.ObjectMergeStmt:
		u.writes[s.Target]++
	}
}

func (u *uses) make(local ir.Local, at placed) {
	u.writes[local]++
	u.made[local] = at
	u.order = append(u.order, local)
}

// literal is the value that a statement makes with those that fill it; nil where it is not always the same.
func (t *translator) literal(made placed, fills []placed, constant map[ir.Local]*ast.Term) *ast.Term {
	var value *ast.Term
	switch s := made.statement.(type) {
	case *ir.MakeNullStmt:
		return ast.InternedNullTerm
	case *ir.MakeNumberIntStmt:
		return ast.InternedTerm(int(s.Value))
	case *ir.MakeNumberRefStmt:
		return ast.NewTerm(ast.Number(t.policy.Static.Strings[s.Index].Value))
	case *ir.MakeArrayStmt:
		value = ast.ArrayTerm()
	case *ir.MakeObjectStmt:
		value = ast.ObjectTerm()
	case *ir.MakeSetStmt:
		value = ast.SetTerm()
	}
	for _, fill := range fills {
		// In another block it would be carried out under a condition, or many times.
		if fill.block != made.block || !t.fill(value, fill.statement, constant) {
			return nil
		}
	}
	return value
}

// fill puts into a literal what a statement does, if that is constant.
func (t *translator) fill(literal *ast.Term, statement ir.Stmt, constant map[ir.Local]*ast.Term) bool {
	switch s := statement.(type) {
	case *ir.ArrayAppendStmt:
		value := t.known(s.Value, constant)
		if value == nil {
			return false
		}
		literal.Value = literal.Value.(*ast.Array).Append(value)
		return true
	case *ir.SetAddStmt:
		value := t.known(s.Value, constant)
		if value == nil {
			return false
		}
		literal.Value.(ast.Set).Add(value)
		return true
	case *ir.ObjectInsertStmt:
		key, value := t.known(s.Key, constant), t.known(s.Value, constant)
		if key == nil || value == nil {
			return false
		}
		literal.Value.(ast.Object).Insert(key, value)
		return true
	}
	return false
}

// known is the value of an operand that is constant.
func (t *translator) known(operand ir.Operand, constant map[ir.Local]*ast.Term) *ast.Term {
	if local, ok := operand.Value.(ir.Local); ok {
		return constant[local]
	}
	return t.constants.terms[^t.operand(operand)]
}
