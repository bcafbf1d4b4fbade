// Package fieldpath reads and writes paths to fields as people do: spec.rules[1].id.
package fieldpath

import (
	"fmt"
	"strconv"
	"strings"
)

// String writes a path of keys and int indexes.
func String(path []any) string {
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

// Parse reads what String writes. A key with a dot in it comes apart.
func Parse(text string) (path []any) {
	for _, step := range strings.FieldsFunc(text, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		if index, err := strconv.Atoi(step); err == nil {
			path = append(path, index)
		} else {
			path = append(path, step)
		}
	}
	return path
}
