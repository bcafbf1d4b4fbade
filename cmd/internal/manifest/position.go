package manifest

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
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

func at(file string, p place) Position {
	return Position{File: file, Line: p.line, Column: p.column}
}

// place is a position in a file that is known from the context.
type place struct {
	line, column int
}

// node is the shape of a document without its values: only what is needed to
// find a field again. YAML and JSON are both reduced to it.
type node struct {
	place place
	// fields is nil for other values than objects.
	fields *fields
	items  []*node

	// height, nodes and bytes describe the whole subtree after the expansion
	// of aliases. They let an alias be evaluated without walking its target.
	height int
	nodes  int
	bytes  int64
}

// add accounts for a child that becomes part of n.
func (n *node) add(child *node) {
	n.height = max(n.height, child.height+1)
	n.nodes += child.nodes
	n.bytes += child.bytes
}

// setField adds a mapping entry. The key counts as text because an expanded
// alias repeats it.
func (n *node) setField(key string, f field) {
	n.fields.set(key, f)
	n.bytes += int64(len(key))
	n.add(f.value)
}

func (n *node) addItem(item *node) {
	n.items = append(n.items, item)
	n.add(item)
}

// find returns the place of the longest part of path that exists.
func (n *node) find(path []any) place {
	found := n.place
	for _, element := range path {
		next, where := n.child(element)
		if next == nil {
			break
		}
		n, found = next, where
	}
	return found
}

// has reports whether the whole path exists.
func (n *node) has(path ...any) bool {
	for _, element := range path {
		if n, _ = n.child(element); n == nil {
			return false
		}
	}
	return true
}

// descend returns the node at path, or the deepest one on the way to it.
func (n *node) descend(path ...any) *node {
	for _, element := range path {
		next, _ := n.child(element)
		if next == nil {
			break
		}
		n = next
	}
	return n
}

// child returns the node one step further, and the place to show for it.
func (n *node) child(element any) (*node, place) {
	if key, ok := element.(string); ok {
		f, _ := n.fields.get(key)
		return f.value, f.key
	}
	i, ok := index(element)
	if !ok || i < 0 || i >= len(n.items) {
		return nil, place{}
	}
	return n.items[i], n.items[i].place
}

// index accepts the types an index has after it went through JSON or Rego.
func index(element any) (int, bool) {
	switch i := element.(type) {
	case int:
		return i, true
	case int64:
		return int(i), int64(int(i)) == i
	case float64:
		// The bound keeps the conversion exact.
		return int(i), i == math.Trunc(i) && math.Abs(i) < 1<<31
	case json.Number:
		n, err := strconv.Atoi(i.String())
		return n, err == nil
	default:
		return 0, false
	}
}
