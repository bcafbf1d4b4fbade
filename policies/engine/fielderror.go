package engine

import (
	"fmt"
	"strconv"
	"strings"
)

// FieldError is a mistake at one field of the Guardrails.
type FieldError struct {
	// Path leads to the field, as keys and indexes.
	Path []any
	Err  error
}

// Error is "spec.rules[1].id: unknown rule ...".
func (e *FieldError) Error() string { return e.Field() + ": " + e.Err.Error() }

// Field is the path as people write it: spec.rules[1].id.
func (e *FieldError) Field() string { return fieldPath(e.Path) }

// Unwrap returns the cause.
func (e *FieldError) Unwrap() error { return e.Err }

// fieldPath writes a path as people do: spec.rules[1].id.
func fieldPath(path []any) string {
	var text strings.Builder
	for _, element := range path {
		if index, ok := element.(int); ok {
			fmt.Fprintf(&text, "[%d]", index)
			continue
		}
		if text.Len() > 0 {
			text.WriteByte('.')
		}
		fmt.Fprint(&text, element)
	}
	return text.String()
}

// splitPath reads what fieldPath writes.
func splitPath(text string) (path []any) {
	for _, step := range strings.FieldsFunc(text, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		if index, err := strconv.Atoi(step); err == nil {
			path = append(path, index)
		} else {
			path = append(path, step)
		}
	}
	return path
}

func lastKey(path []any) string {
	if len(path) == 0 {
		return ""
	}
	return fmt.Sprint(path[len(path)-1])
}
