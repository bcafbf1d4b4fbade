package lazy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
)

// Reader reads one version of an object after another: an update has two that differ little, and equal parts of both
// are shared. Neither the Reader nor its values are safe for concurrent use.
type Reader struct {
	// ManagedFields includes the managedFields of metadata, which are half of many objects.
	ManagedFields bool
	// Masked reports that texts that begin with Mask replace values. MetMask is true once one was read.
	Masked, MetMask bool

	before *node
	// Nodes, terms, elements and fields are allocated many at a time, and no more than there can be.
	freeNodes    []node
	freeTerms    []ast.Term
	freeElements []element
	freeFields   []field
	// keys are the terms of names: containers and ports have the same ones again and again.
	keys map[string]*ast.Term
	// items are those of all objects that are being read as a whole, the innermost last.
	items [][2]*ast.Term
	// collections and values are how many nodes and elements the texts so far hold.
	collections, values int
}

// Mask begins the text that replaces a value in a record. What follows is the same for equal values of one process.
const Mask = "[masked "

// Read reads a JSON object or null, which an empty text is too. An object is a Collection. The whole text is checked
// at once, so later reads cannot fail.
func (r *Reader) Read(raw json.RawMessage) (Value, error) {
	if len(raw) == 0 {
		return Of(ast.InternedNullTerm), nil
	}
	if !json.Valid(raw) {
		return nil, invalid(raw)
	}
	text := string(raw)
	begin := space(text, 0)
	switch text[begin] {
	case '{':
	case 'n':
		return Of(ast.InternedNullTerm), nil
	default:
		return nil, fmt.Errorf("it is a JSON %s and must be an object", kindOf(text[begin]))
	}
	marks, err := outline(text)
	if err != nil {
		return nil, err
	}
	r.collections += len(marks)
	for _, each := range marks {
		r.values += int(each.size)
	}
	root := r.node()
	root.source = &source{reader: r, text: text, marks: marks}
	root.begin, root.before = int32(begin), r.before //nolint:gosec // A request has less than 2 GiB.
	root.root = true
	r.before = root
	return root, nil
}

// invalid returns the error of the standard library, with its place.
func invalid(raw json.RawMessage) error {
	var decoded any
	decoder := util.NewJSONDecoder(bytes.NewReader(raw))
	if err := decoder.Decode(&decoded); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("something follows the JSON object at byte %d", decoder.InputOffset())
	}
	return errors.New("it is not valid JSON")
}

func kindOf(first byte) string {
	switch first {
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	default:
		return "number"
	}
}

// source is a text with the places of its objects and arrays.
type source struct {
	reader *Reader
	text   string
	marks  []mark
}

// mark is an object or array of a text, in the order in which they begin.
type mark struct {
	// end is behind it, and next the first mark that does not stand in it.
	end, next int32
	// size is how many things stand in it, or 1 where nothing does.
	size int32
}

// outline scans a valid text once. It returns an error for the first number that Rego cannot calculate with.
func outline(text string) ([]mark, error) {
	marks := make([]mark, 0, 8+len(text)/64)
	open := make([]int32, 0, 32)
	for at := 0; at < len(text); {
		switch first := text[at]; first {
		case '"':
			at = endOfString(text, at)
			continue
		case '{', '[':
			open = append(open, int32(len(marks))) //nolint:gosec // There are fewer than bytes.
			marks = append(marks, mark{size: 1})
		case '}', ']':
			closed := &marks[open[len(open)-1]]
			closed.end, closed.next = int32(at+1), int32(len(marks)) //nolint:gosec // The same.
			open = open[:len(open)-1]
		case ',':
			marks[open[len(open)-1]].size++
		case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			end := endOfScalar(text, at)
			if _, err := ast.NumberChecked(text[at:end]); err != nil {
				return nil, err
			}
			at = end
			continue
		}
		at++
	}
	return marks, nil
}
