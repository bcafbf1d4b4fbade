package policies

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// CEL is what of a rule can be said without looking at other objects, in the Common Expression Language of the API
// server's own ValidatingAdmissionPolicy. It stops less than the rule, and stops it also when Stateward is away.
// `stateward export vap` writes it.
type CEL struct {
	// On maps resources to operations, as the rule's own does; empty means that one.
	On map[string][]string `json:"on,omitempty"`
	// Variables are named expressions; each may use those before it as variables.NAME. One with the name of a parameter
	// holds its default, and an export writes there what Guardrails set.
	Variables []CELVariable `json:"variables,omitempty"`
	// Validations are what must hold.
	Validations []CELValidation `json:"validations"`
	// NotChecked lists where CEL decides differently from the rule, with the reason, by a resource that the rule reads, or by one of
	// its examples, as in examples/fail/a.yaml.
	NotChecked map[string]string `json:"notChecked,omitempty"`
}

// CELVariable is a named expression.
type CELVariable struct {
	Name       string `json:"name"`
	Expression string `json:"expression"`
}

// CELValidation is one expression that must be true.
type CELValidation struct {
	// Path is the field that is wrong where Expression is false.
	Path       string `json:"path"`
	Expression string `json:"expression"`
	// What is an expression for the words that say what is wrong, with the offending value.
	What string `json:"what"`
	// Fix is the way out, where the rule's is too general.
	Fix string `json:"fix,omitempty"`
	// Always says that no confirmation lets this through, though the rule's others can be confirmed.
	Always bool `json:"always,omitempty"`
}

// Requests are the operations by resource that the expressions are about.
func (c CEL) Requests(rule Rule) map[string][]string {
	if len(c.On) > 0 {
		return c.On
	}
	return rule.On
}

// celName is what CEL takes for a name.
var celName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// ReservedCELVariable is the name under which expressions find whether the request is confirmed.
const ReservedCELVariable = "confirmed"

// checkCEL finds what can be wrong without compiling anything.
func checkCEL(rule Rule) (problems []error) {
	if rule.CEL == nil {
		return nil
	}
	add := func(place, format string, values ...any) {
		problems = append(problems, fmt.Errorf("custom.cel%s: %w", place, fmt.Errorf(format, values...)))
	}
	if len(rule.CEL.Validations) == 0 {
		add(".validations", "there is none")
	}
	for _, resource := range sortedNames(rule.CEL.On) {
		for _, operation := range rule.CEL.On[resource] {
			if !rule.AppliesTo(resource, operation) {
				add(".on", "the rule does not judge %s of %s: see custom.on", operation, resource)
			}
		}
	}
	named := []string{ReservedCELVariable}
	for index, variable := range rule.CEL.Variables {
		place := fmt.Sprintf(".variables[%d]", index)
		if !celName.MatchString(variable.Name) || slices.Contains(named, variable.Name) {
			add(place+".name", "%q is taken, or no name: use letters and digits", variable.Name)
		}
		if variable.Expression == "" {
			add(place+".expression", "there is none")
		}
		if param, found := rule.Params[variable.Name]; found && variable.Expression != CELLiteral(param.Default) {
			add(place+".expression", "must be the default of the parameter, %s", CELLiteral(param.Default))
		}
		named = append(named, variable.Name)
	}
	for index, validation := range rule.CEL.Validations {
		if err := validation.check(); err != nil {
			add(fmt.Sprintf(".validations[%d]", index), "%w", err)
		}
	}
	for _, file := range sortedNames(rule.CEL.NotChecked) {
		known := strings.HasPrefix(file, "examples/") || slices.Contains(rule.Reads, file)
		if !known || rule.CEL.NotChecked[file] == "" {
			add(".notChecked", "%q: name a resource of custom.reads, or an example as examples/fail/FILE, and the reason", file)
		}
	}
	return problems
}

// CELLiteral writes a value of a parameter, as a decoder of JSON gives it, as a literal of CEL. JSON is one.
func CELLiteral(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "null"
	}
	return strings.TrimSpace(text.String())
}

func (v CELValidation) check() error {
	var missing []error
	for _, part := range []struct{ key, value string }{{"path", v.Path}, {"expression", v.Expression}, {"what", v.What}} {
		if part.value == "" {
			missing = append(missing, fmt.Errorf("key %q is missing", part.key))
		}
	}
	return errors.Join(missing...)
}
