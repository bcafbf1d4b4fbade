package policies

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"time"
)

// Check returns an error if value, as a decoder of JSON returns it, is not valid for this parameter.
func (p Param) Check(value any) error {
	switch p.Type {
	case "string":
		return p.checkString(value)
	case "integer":
		return checkInteger(value)
	case "boolean":
		if _, ok := value.(bool); !ok {
			return fmt.Errorf("%v is not true or false", value)
		}
	case "array":
		return checkStrings(value)
	case "object":
		return p.checkObject(value)
	case "duration":
		return checkDuration(value)
	default:
		return fmt.Errorf("unknown type %q: use string, integer, boolean, array, object or duration", p.Type)
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

// checkInteger takes both forms in which decoders of JSON hand over a whole number.
func checkInteger(value any) error {
	switch number := value.(type) {
	case int64:
		return nil
	case float64:
		if number == math.Trunc(number) {
			return nil
		}
	}
	return fmt.Errorf("%v is not an integer", value)
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

// durationForm is the one of policies/lib/clock.rego.
var durationForm = regexp.MustCompile(`^([0-9]{1,5}(\.[0-9]{1,3})?[smh]){1,3}$`)

func checkDuration(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("%v is not a string", value)
	}
	if duration, err := time.ParseDuration(text); !durationForm.MatchString(text) || err != nil || duration <= 0 {
		return fmt.Errorf("%q is not a duration such as 24h or 90m", text)
	}
	return nil
}

// checkObject takes lists of strings under any key, or what the fields allow where there are any.
func (p Param) checkObject(value any) error {
	object, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("%v is not an object", value)
	}
	for _, key := range sortedNames(object) {
		field, known := Param{Type: "array"}, true
		if p.Fields != nil {
			field, known = p.Fields[key]
		}
		if !known {
			return fmt.Errorf("unknown field %q: use one of %v", key, sortedNames(p.Fields))
		}
		if err := field.Check(object[key]); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}
