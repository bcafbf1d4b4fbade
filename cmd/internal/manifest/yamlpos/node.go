package yamlpos

import (
	"encoding/json"
	"math"
	"strconv"
)

// Place is a position in a file that is known from the context.
type Place struct {
	Line, Column int
}

// Node is the shape of a document without its values: only what is needed to
// find a field again. YAML and JSON are both reduced to it.
type Node struct {
	Place Place
	// fields is nil for other values than objects.
	fields *fields
	items  []*Node

	// height, nodes and bytes describe the whole subtree after the expansion
	// of aliases. They let an alias be evaluated without walking its target.
	height int
	nodes  int
	bytes  int64
}

// add accounts for a child that becomes part of n.
func (n *Node) add(child *Node) {
	n.height = max(n.height, child.height+1)
	n.nodes += child.nodes
	n.bytes += child.bytes
}

// setField adds a mapping entry. The key counts as text because an expanded
// alias repeats it.
func (n *Node) setField(key string, f field) {
	n.fields.set(key, f)
	n.bytes += int64(len(key))
	n.add(f.value)
}

func (n *Node) addItem(item *Node) {
	n.items = append(n.items, item)
	n.add(item)
}

// Find returns the place of the longest part of path that exists.
func (n *Node) Find(path []any) Place {
	found := n.Place
	for _, element := range path {
		next, where := n.child(element)
		if next == nil {
			break
		}
		n, found = next, where
	}
	return found
}

// Has reports whether the whole path exists.
func (n *Node) Has(path ...any) bool {
	for _, element := range path {
		if n, _ = n.child(element); n == nil {
			return false
		}
	}
	return true
}

// Descend returns the node at path, or the deepest one on the way to it.
func (n *Node) Descend(path ...any) *Node {
	for _, element := range path {
		next, _ := n.child(element)
		if next == nil {
			break
		}
		n = next
	}
	return n
}

// IsMapping reports whether it is an object.
func (n *Node) IsMapping() bool { return n.fields != nil }

// Key returns the place of a key of an object.
func (n *Node) Key(name string) (Place, bool) {
	found, is := n.fields.get(name)
	return found.key, is
}

// child returns the node one step further, and the place to show for it.
func (n *Node) child(element any) (*Node, Place) {
	if key, ok := element.(string); ok {
		f, _ := n.fields.get(key)
		return f.value, f.key
	}
	i, ok := index(element)
	if !ok || i < 0 || i >= len(n.items) {
		return nil, Place{}
	}
	return n.items[i], n.items[i].Place
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
