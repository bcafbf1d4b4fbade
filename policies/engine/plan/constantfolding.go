package plan

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
)

// folded holds the locals of a body that need no steps of their own.
type folded struct {
	// constants are locals that always have the same value: numbers and collections, which would be built again in each
	// evaluation. Lists of annotations in rules are such collections, and large.
	constants map[ir.Local]*ast.Term
	// constructed are collections that one step builds, with the statements that fill them. The last statement becomes that
	// step.
	constructed map[ir.Local][]ir.Stmt
}

// defUse records where a body writes and fills its locals.
type defUse struct {
	// writes counts the statements that write a local.
	writes map[ir.Local]int
	// made is the site that creates a value, fills are those that add to it.
	made  map[ir.Local]site
	fills map[ir.Local][]site
	order []ir.Local
}

// site is a statement and its block.
type site struct {
	statement ir.Stmt
	block     *ir.Block
}

// bodies translates the blocks of a function, each with its own constants: the planner reuses locals in the next rule or else
// branch.
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
		t.folded = t.foldConstants(each, result)
		body, err := t.block(each)
		if err != nil {
			return nil, err
		}
		made = append(made, body)
	}
	return made, nil
}

// onlyBranches returns the bodies of a rule with else.
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

// foldConstants finds the constants of a body. The result of the function is not one: other bodies add to it.
func (t *translator) foldConstants(body *ir.Block, result ir.Local) folded {
	seen := &defUse{writes: map[ir.Local]int{result: 1}, made: map[ir.Local]site{}, fills: map[ir.Local][]site{}}
	seen.blocks([]*ir.Block{body})
	found := folded{constants: map[ir.Local]*ast.Term{}, constructed: map[ir.Local][]ir.Stmt{}}
	// A collection is created before those inside it, so the last one comes first.
	for index := len(seen.order) - 1; index >= 0; index-- {
		local := seen.order[index]
		if seen.writes[local] != 1 {
			continue
		}
		if value := t.constantAt(seen.made[local], seen.fills[local], found.constants); value != nil {
			found.constants[local] = value
		} else if fills := seen.construction(local); fills != nil {
			found.constructed[local] = fills
		}
	}
	return found
}

func (u *defUse) blocks(blocks []*ir.Block) {
	for _, block := range blocks {
		for _, statement := range block.Stmts {
			u.statement(site{statement, block})
		}
	}
}

func (u *defUse) statement(at site) {
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

func (u *defUse) write(at site) {
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

func (u *defUse) make(local ir.Local, at site) {
	u.writes[local]++
	u.made[local] = at
	u.order = append(u.order, local)
}

// constantAt returns the value that a site creates, with the sites that fill it; nil if it is not constant.
func (t *translator) constantAt(made site, fills []site, constants map[ir.Local]*ast.Term) *ast.Term {
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
		// A statement in another block runs under a condition, or many times.
		if fill.block != made.block || !t.addConstant(value, fill.statement, constants) {
			return nil
		}
	}
	return value
}

// addConstant adds to a collection what a statement adds, if that is constant.
func (t *translator) addConstant(collection *ast.Term, statement ir.Stmt, constants map[ir.Local]*ast.Term) bool {
	switch s := statement.(type) {
	case *ir.ArrayAppendStmt:
		value := t.constantOperand(s.Value, constants)
		if value == nil {
			return false
		}
		collection.Value = collection.Value.(*ast.Array).Append(value)
		return true
	case *ir.SetAddStmt:
		value := t.constantOperand(s.Value, constants)
		if value == nil {
			return false
		}
		collection.Value.(ast.Set).Add(value)
		return true
	case *ir.ObjectInsertStmt:
		key, value := t.constantOperand(s.Key, constants), t.constantOperand(s.Value, constants)
		if key == nil || value == nil {
			return false
		}
		collection.Value.(ast.Object).Insert(key, value)
		return true
	}
	return false
}

// constantOperand returns the value of an operand, nil if it is not constant.
func (t *translator) constantOperand(operand ir.Operand, constants map[ir.Local]*ast.Term) *ast.Term {
	if local, ok := operand.Value.(ir.Local); ok {
		return constants[local]
	}
	return t.constants.terms[^t.operand(operand)]
}
