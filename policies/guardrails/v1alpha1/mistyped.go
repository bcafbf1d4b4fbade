package v1alpha1

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	kjson "sigs.k8s.io/json"

	"github.com/stateward/stateward/policies"
)

// mistypedError says that a value has another type than its field.
//
// +kubebuilder:object:generate=false
type mistypedError struct {
	want reflect.Type
	got  any
}

func (e mistypedError) Error() string {
	text := fmt.Sprintf("must be %s, and is %s", typeName(e.want), valueName(e.got))
	switch e.got.(type) {
	case map[string]any, []any:
		return text
	}
	if e.want.Kind() == reflect.String {
		text += ": put it in quotes if it is meant as text"
	}
	return text
}

// allMistakes are the mistakes of Guardrails some values of which have another type than their fields: these, and what is
// wrong with the rest. A decoder names the first one only, without its index; what it says is the answer where no other is
// found.
func allMistakes(raw []byte, refusal error, library *policies.Library) error {
	var content any
	if err := kjson.UnmarshalCaseSensitivePreserveInts(raw, &content); err != nil {
		return err
	}
	var found mistakes
	rest := found.typed(content, reflect.TypeFor[Guardrails]())
	if len(found) == 0 {
		return refusal
	}
	// It was read from JSON, and every value left fits.
	encoded, err := json.Marshal(rest)
	if err != nil {
		return err
	}
	for _, each := range Mistakes(parseRest(encoded, library)) {
		var field *FieldError
		if !errors.As(each, &field) || !found.touches(field.Path) {
			found = append(found, each)
		}
	}
	return errors.Join(found...)
}

func parseRest(raw []byte, library *policies.Library) error {
	_, err := ParseGuardrails(raw, library)
	return err
}

// touches reports whether a mistake is at, below or above a value that was left out: what is said of it then is not true.
func (m *mistakes) touches(path []any) bool {
	return slices.ContainsFunc(*m, func(err error) bool {
		var field *FieldError
		var mistyped mistypedError
		if !errors.As(err, &field) || !errors.As(err, &mistyped) {
			return false
		}
		common := min(len(path), len(field.Path))
		return slices.Equal(path[:common], field.Path[:common])
	})
}

// typed returns what of a value a type can hold. Elements of lists that do not fit become null, so that those after them keep
// their index.
func (m *mistakes) typed(value any, want reflect.Type, path ...any) any {
	for want.Kind() == reflect.Pointer {
		want = want.Elem()
	}
	if value == nil || readsItself(want) {
		return value
	}
	object, isObject := value.(map[string]any)
	list, isList := value.([]any)
	switch {
	case isObject && isOneOf(want, reflect.Struct, reflect.Map):
		return m.members(object, want, path)
	case isList && want.Kind() == reflect.Slice:
		return m.elements(list, want.Elem(), path)
	case want.Kind() == reflect.Interface || holds(want, value):
		return value
	}
	m.add(mistypedError{want: want, got: value}, path...)
	return nil
}

func isOneOf(want reflect.Type, kinds ...reflect.Kind) bool {
	return slices.Contains(kinds, want.Kind())
}

func (m *mistakes) elements(list []any, want reflect.Type, path []any) []any {
	kept := make([]any, len(list))
	for index, each := range list {
		kept[index] = m.typed(each, want, append(slices.Clone(path), index)...)
	}
	return kept
}

func (m *mistakes) members(object map[string]any, want reflect.Type, path []any) map[string]any {
	kept := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		below := append(slices.Clone(path), key)
		if want.Kind() == reflect.Map {
			kept[key] = m.typed(object[key], want.Elem(), below...)
		} else if field, known := fieldOf(want, key); known {
			kept[key] = m.typed(object[key], field, below...)
		} else {
			kept[key] = object[key]
		}
	}
	return kept
}

// fieldOf is the type of the field that JSON calls by this key.
func fieldOf(structure reflect.Type, key string) (reflect.Type, bool) {
	for _, field := range reflect.VisibleFields(structure) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == key && name != "" {
			return field.Type, true
		}
	}
	return nil, false
}

// readsItself reports whether a type decides by itself what it takes.
func readsItself(want reflect.Type) bool {
	made := reflect.New(want).Interface()
	if _, is := made.(json.Unmarshaler); is {
		return true
	}
	_, is := made.(encoding.TextUnmarshaler)
	return is
}

// holds reports whether a field of the type takes a value that is no list and no object.
func holds(want reflect.Type, value any) bool {
	switch got := value.(type) {
	case string:
		return want.Kind() == reflect.String
	case bool:
		return want.Kind() == reflect.Bool
	case int64:
		return want.Kind() == reflect.Float64 || isInteger(want) && !want.OverflowInt(got)
	case float64:
		return want.Kind() == reflect.Float64
	default:
		return false
	}
}

func isInteger(want reflect.Type) bool {
	return want.Kind() >= reflect.Int && want.Kind() <= reflect.Int64
}

// typeName is a type as people who write YAML call it.
func typeName(want reflect.Type) string {
	switch want.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	default:
		return fmt.Sprintf("a number (%s)", want.Kind())
	}
}

func valueName(value any) string {
	switch got := value.(type) {
	case string:
		return fmt.Sprintf("the string %q", shortened(got))
	case bool:
		return fmt.Sprintf("the boolean %t", got)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	default:
		return fmt.Sprintf("the number %v", got)
	}
}

// longestShown bounds what a message shows of a value, in bytes.
const longestShown = 60

func shortened(text string) string {
	if len(text) <= longestShown {
		return text
	}
	return strings.ToValidUTF8(text[:longestShown], "") + "..."
}
