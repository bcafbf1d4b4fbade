package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stateward/stateward/policies/fieldpath"
)

// Refusal is what an API server answers to a document that is not of its own type, and the path to the field where that
// is known. It is nil for all others.
func (d Document) Refusal() (path []any, err error) {
	if d.refusal == nil {
		return nil, nil
	}
	var mistyped *json.UnmarshalTypeError
	if errors.As(d.refusal, &mistyped) && mistyped.Field != "" {
		wanted := aType(mistyped)
		if path, value, found := findValue(d.decoded(), fieldpath.Parse(mistyped.Field), mistyped.Value); found {
			return path, fmt.Errorf("%s must be %s", shownValue(value), wanted)
		}
		return fieldpath.Parse(mistyped.Field), fmt.Errorf("%s must be %s", aJSON(mistyped.Value), wanted)
	}
	if path, value, found := findQuantity(d.decoded(), false); found {
		return path, fmt.Errorf("%s is not a quantity, such as 500m or 2Gi", shownValue(value))
	}
	return nil, fmt.Errorf("an API server cannot read this object: %s", strings.TrimPrefix(d.refusal.Error(), "json: "))
}

func (d Document) decoded() (value any) {
	decoder := json.NewDecoder(bytes.NewReader(d.Raw))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return nil
	}
	return value
}

// findValue finds the first value that a decoder describes as described, at a path without the indexes of lists and with
// the names of embedded structs.
func findValue(value any, steps []any, described string) (path []any, found any, ok bool) {
	if len(steps) == 0 && describes(described, value) {
		return nil, value, true
	}
	switch value := value.(type) {
	case []any:
		for index, element := range value {
			if path, found, ok := findValue(element, steps, described); ok {
				return append([]any{index}, path...), found, true
			}
		}
	case map[string]any:
		keys, rest := slices.Sorted(maps.Keys(value)), steps
		if len(steps) > 0 {
			name, _ := steps[0].(string)
			if _, has := value[name]; !has {
				if !isEmbedded(name) {
					return nil, nil, false
				}
				return findValue(value, steps[1:], described)
			}
			keys, rest = []string{name}, steps[1:]
		}
		for _, key := range keys {
			if path, found, ok := findValue(value[key], rest, described); ok {
				return append([]any{key}, path...), found, true
			}
		}
	}
	return nil, nil, false
}

// isEmbedded reports the name of a Go type, such as VolumeSource; fields begin with a small letter.
func isEmbedded(name string) bool { return name != "" && name[0] >= 'A' && name[0] <= 'Z' }

// describes compares with the words of encoding/json: "number 5", "string", "array".
func describes(described string, value any) bool {
	kind, literal, _ := strings.Cut(described, " ")
	switch value := value.(type) {
	case json.Number:
		return kind == "number" && (literal == "" || literal == value.String())
	case string:
		return kind == "string"
	case bool:
		return kind == "bool"
	case []any:
		return kind == "array"
	case map[string]any:
		return kind == "object"
	default:
		return false
	}
}

// findQuantity finds the first invalid quantity.
func findQuantity(value any, isQuantity bool) (path []any, found any, ok bool) {
	switch value := value.(type) {
	case []any:
		for index, element := range value {
			if path, found, ok := findQuantity(element, false); ok {
				return append([]any{index}, path...), found, true
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if path, found, ok := findQuantity(value[key], isQuantity || holdsQuantities(key)); ok {
				return append([]any{key}, path...), found, true
			}
		}
	case string:
		if _, err := resource.ParseQuantity(value); isQuantity && err != nil {
			return nil, value, true
		}
	}
	return nil, nil, false
}

func holdsQuantities(key string) bool {
	switch key {
	case "requests", "limits", "capacity", "overhead", "sizeLimit", "divisor":
		return true
	default:
		return false
	}
}

// longestShown is the longest text that is repeated in a message.
const longestShown = 60

func shownValue(value any) string {
	switch value := value.(type) {
	case string:
		if len(value) <= longestShown {
			return fmt.Sprintf("%q", value)
		}
		return "text"
	case json.Number:
		return value.String()
	case bool:
		return strconv.FormatBool(value)
	case []any:
		return "a list"
	default:
		return "an object"
	}
}

func aJSON(value string) string {
	switch kind, _, _ := strings.Cut(value, " "); kind {
	case "array":
		return "a list"
	case "object":
		return "an object"
	case "string":
		return "text"
	case "bool":
		return "true or false"
	default:
		return "a number"
	}
}

func aType(mistyped *json.UnmarshalTypeError) string {
	kind := mistyped.Type.Kind().String()
	switch strings.TrimRight(kind, "0123456789") {
	case "slice", "array":
		return "a list"
	case "struct", "map", "ptr":
		return "an object"
	case "string":
		return "text"
	case "bool":
		return "true or false"
	case "int", "uint":
		// A whole number is of the wrong type only where it is too long.
		if strings.HasPrefix(mistyped.Value, "number ") && !strings.ContainsAny(strings.TrimPrefix(mistyped.Value, "number "), ".eE") {
			return fmt.Sprintf("a whole number of at most %d bits", mistyped.Type.Bits())
		}
		return "a whole number"
	default:
		return "a number"
	}
}
