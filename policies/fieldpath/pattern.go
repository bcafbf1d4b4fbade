package fieldpath

import (
	"fmt"
	"strconv"
	"strings"
)

// Pattern selects fields: keys and indexes as in a path, or `*` for all of them.
type Pattern []Step

// Step is a key or an index of a Pattern.
type Step struct {
	// Key is empty for an index or for all.
	Key string
	// Index counts where Key is empty and All is false.
	Index int
	All   bool
}

// Takes reports whether the step leads to this key, or to this index where key is empty.
func (s Step) Takes(key string, index int) bool {
	switch {
	case s.All:
		return true
	case s.Key != "":
		return s.Key == key
	default:
		return key == "" && s.Index == index
	}
}

// Matches reports whether a path leads to a selected field, or into one.
func (p Pattern) Matches(path []any) bool {
	if len(p) > len(path) {
		return false
	}
	for at, step := range p {
		key, index := "", -1
		switch element := path[at].(type) {
		case int:
			index = element
		case float64:
			index = int(element)
		case string:
			key = element
		}
		if !step.Takes(key, index) {
			return false
		}
	}
	return true
}

// ParsePattern reads a pattern such as spec.containers[*].env[0].value or metadata.annotations["example.com/token"].
func ParsePattern(text string) (Pattern, error) {
	var pattern Pattern
	rest := text
	for rest != "" {
		step, after, ok := cutStep(rest, len(pattern) == 0)
		if !ok {
			return nil, fmt.Errorf(`%q is not a path such as spec.template.spec.containers[*].env[*].value or metadata.annotations["example.com/token"]`, text)
		}
		pattern, rest = append(pattern, step), after
	}
	if len(pattern) == 0 {
		return nil, fmt.Errorf("the path is empty: name a field, such as metadata.annotations")
	}
	return pattern, nil
}

// cutStep takes the first step off a text.
func cutStep(text string, first bool) (step Step, rest string, ok bool) {
	if strings.HasPrefix(text, "[") && !first {
		return cutBracket(text[1:])
	}
	if !first {
		if text, ok = strings.CutPrefix(text, "."); !ok {
			return Step{}, "", false
		}
	}
	end := strings.IndexAny(text, ".[")
	if end < 0 {
		end = len(text)
	}
	name := text[:end]
	if name == "" || strings.ContainsAny(name, "]\"' \t\n*") {
		return Step{}, "", false
	}
	return Step{Key: name}, text[end:], true
}

// cutBracket takes what is in brackets off a text.
func cutBracket(text string) (step Step, rest string, ok bool) {
	if quoted, err := strconv.QuotedPrefix(text); err == nil && text[0] == '"' {
		key, err := strconv.Unquote(quoted)
		rest, ok = strings.CutPrefix(text[len(quoted):], "]")
		return Step{Key: key}, rest, ok && err == nil && key != ""
	}
	inner, rest, ok := strings.Cut(text, "]")
	if inner == "*" {
		return Step{All: true}, rest, ok
	}
	index, err := strconv.Atoi(inner)
	return Step{Index: index}, rest, ok && err == nil && index >= 0
}
