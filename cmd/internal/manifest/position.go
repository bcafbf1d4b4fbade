package manifest

import (
	"fmt"

	"github.com/stateward/stateward/cmd/internal/manifest/yamlpos"
)

// stdin is the path of standard input.
const stdin = "-"

// Position is a place in a file. Lines end with a line feed, columns count
// characters, both start at 1. A Line of 0 means the file as a whole.
type Position struct {
	File   string
	Line   int
	Column int
}

// String returns "file:line:column", or the file alone without a line.
func (p Position) String() string {
	if p.Line == 0 {
		return p.Source()
	}
	return fmt.Sprintf("%s:%d:%d", p.Source(), p.Line, p.Column)
}

// Source returns the file in the form to show to a person: "stdin" instead
// of "-".
func (p Position) Source() string {
	if p.File == stdin {
		return "stdin"
	}
	return p.File
}

func at(file string, p yamlpos.Place) Position {
	return Position{File: file, Line: p.Line, Column: p.Column}
}
