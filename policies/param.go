package policies

import (
	"fmt"
	"math"
	"slices"
)

// Check tells what keeps value, as encoding/json decodes it, from being this parameter.
func (p Param) Check(value any) error {
	switch p.Type {
	case "string":
		return p.checkString(value)
	case "integer":
		if number, ok := value.(float64); !ok || number != math.Trunc(number) {
			return fmt.Errorf("%v is not an integer", value)
		}
	case "boolean":
		if _, ok := value.(bool); !ok {
			return fmt.Errorf("%v is not true or false", value)
		}
	case "array":
		return checkStrings(value)
	default:
		return fmt.Errorf("unknown type %q: use string, integer, boolean or array", p.Type)
	}
	return nil
}

func (p Param) checkString(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("%v is not a string", value)
	}
	if len(p.Enum) > 0 && !slices.Contains(p.Enum, text) {
		return fmt.Errorf("%q is not one of %v", text, p.Enum)
	}
	return nil
}

func checkStrings(value any) error {
	list, ok := value.([]any)
	if !ok {
		return fmt.Errorf("%v is not a list", value)
	}
	for _, each := range list {
		if _, ok := each.(string); !ok {
			return fmt.Errorf("%v is not a list of strings", value)
		}
	}
	return nil
}
