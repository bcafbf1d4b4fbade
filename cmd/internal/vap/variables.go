package vap

import (
	"fmt"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
)

// unknownVariable finds a use of variables.NAME before NAME is there: to the compiler, variables are any map.
func unknownVariable(checked *cel.Ast, variables map[string]bool) (err error) {
	ast.PreOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(expression ast.Expr) {
		if expression.Kind() != ast.SelectKind {
			return
		}
		selected := expression.AsSelect()
		operand := selected.Operand()
		if operand.Kind() == ast.IdentKind && operand.AsIdent() == "variables" && !variables[selected.FieldName()] {
			err = fmt.Errorf("variables.%s is not defined before this expression", selected.FieldName())
		}
	}))
	return err
}
