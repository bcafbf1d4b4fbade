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
	text := string(raw)
	marks, valid, err := outline(text)
	if !valid {
		return nil, invalid(raw)
	}
	begin := space(text, 0)
	switch text[begin] {
	case '{':
	case 'n':
		return Of(ast.InternedNullTerm), nil
	default:
		return nil, fmt.Errorf("it is a JSON %s and must be an object", kindOf(text[begin]))
	}
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
