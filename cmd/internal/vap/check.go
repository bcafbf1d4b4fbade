package vap

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"

	"github.com/stateward/stateward/policies"
)

// Check compiles every expression of a library's rules. The error joins all that is wrong, each with its file and the key
// of the metadata. What only an API server knows, such as what an expression may cost, is not looked at.
func Check(library *policies.Library) error {
	var problems []error
	for _, rule := range library.Rules {
		if rule.CEL == nil {
			continue
		}
		for _, problem := range checkRule(rule) {
			problems = append(problems, fmt.Errorf("%s:%d: METADATA custom.cel.%w", rule.File, rule.Line, problem))
		}
	}
	return errors.Join(problems...)
}

func checkRule(rule policies.Rule) (problems []error) {
	variables := map[string]bool{}
	compile := func(place, expression string, want *cel.Type) {
		if err := compiles(expression, variables, want); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", place, err))
		}
	}
	if rule.Confirm {
		compile("confirmed", confirmed(rule, true), cel.BoolType)
		variables[policies.ReservedCELVariable] = true
	}
	for index, variable := range rule.CEL.Variables {
		compile(fmt.Sprintf("variables[%d].expression", index), variable.Expression, cel.DynType)
		variables[variable.Name] = true
	}
	for index, validation := range rule.CEL.Validations {
		place := fmt.Sprintf("validations[%d].", index)
		compile(place+"expression", validation.Expression, cel.BoolType)
		compile(place+"what", validation.What, cel.StringType)
	}
	return problems
}

// compiles checks an expression that may use these variables, as the API server does for objects of any kind.
func compiles(expression string, variables map[string]bool, want *cel.Type) error {
	environment, err := cel.NewEnv(
		cel.OptionalTypes(), cel.ExtendedValidations(), cel.CrossTypeNumericComparisons(true), cel.DefaultUTCTimeZone(true),
		ext.Strings(ext.StringsVersion(2)), ext.Sets(), ext.TwoVarComprehensions(),
		cel.Variable("object", cel.DynType), cel.Variable("oldObject", cel.DynType), cel.Variable("request", cel.DynType),
		cel.Variable("namespaceObject", cel.DynType), cel.Variable("authorizer", cel.DynType),
		cel.Variable("variables", cel.MapType(cel.StringType, cel.DynType)),
	)
	if err != nil {
		return err
	}
	checked, issues := environment.Compile(expression)
	if issues.Err() != nil {
		return fmt.Errorf("%q: %s", oneLine(expression), oneLine(issues.Err().Error()))
	}
	if is := checked.OutputType(); !is.IsExactType(want) && !is.IsExactType(cel.DynType) && !want.IsExactType(cel.DynType) {
		return fmt.Errorf("%q: is a %s, and must be a %s", oneLine(expression), is, want)
	}
	return unknownVariable(checked, variables)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
