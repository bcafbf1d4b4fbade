package assembly

import (
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// field is result.field.
func (a *Assembly) field(_ Calls, args []lazy.Value) (lazy.Value, bool) {
	written, ok := fieldOf(args[0])
	if !ok {
		return nil, false
	}
	return lazy.Text(written), true
}

// fieldOf is a path as people write it.
func fieldOf(path lazy.Value) (string, bool) {
	steps, ok := stepsOf(path)
	if !ok {
		return "", false
	}
	var written strings.Builder
	for index := range steps.Len() {
		switch step := steps.Elem(index).Value.(type) {
		case ast.Number:
			number, isInteger := step.Int()
			if !isInteger || strconv.Itoa(number) != string(step) {
				return "", false
			}
			written.WriteString("[" + string(step) + "]")
		case ast.String:
			if isWord(string(step)) {
				written.WriteString("." + string(step))
			} else {
				written.WriteString("[" + strconv.Quote(string(step)) + "]")
			}
		default:
			return "", false
		}
	}
	return strings.TrimPrefix(written.String(), "."), true
}

// stepsOf are the keys and indexes of a path that holds nothing lazy.
func stepsOf(path lazy.Value) (*ast.Array, bool) {
	known, ok := path.(*lazy.Known)
	if !ok {
		return nil, false
	}
	steps, ok := known.Value.(*ast.Array)
	return steps, ok
}

// isWord reports whether a key needs no brackets: a letter, then letters and digits.
func isWord(key string) bool {
	for index, char := range []byte(key) {
		letter := 'a' <= char|0x20 && char|0x20 <= 'z'
		if !letter && (index == 0 || char < '0' || char > '9') {
			return false
		}
	}
	return key != ""
}
